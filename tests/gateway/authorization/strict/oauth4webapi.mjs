// oauth4webapi, which checks every byte that it is answered, through everything that a client can do.

import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { visit } from './person.mjs';
import { assertionKey, done, refused, task } from './task.mjs';

const http = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(task.issuer);
const client = { client_id: task.client_id };
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

const ways = {
  client_secret_basic: () => oauth.ClientSecretBasic(task.secret),
  client_secret_post: () => oauth.ClientSecretPost(task.secret),
  private_key_jwt: async () => oauth.PrivateKeyJwt(await assertionKey()),
  none: () => oauth.None(),
};
const auth = await ways[task.method]();
const confidential = task.method !== 'none';

/** Runs a request again with the server's nonce, if that is what it asks for. */
async function nonced(run) {
  try {
    return await run();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return run();
  }
}

async function discover() {
  const found = {};
  for (const algorithm of ['oidc', 'oauth2']) {
    const answer = await oauth.discoveryRequest(issuer, { ...http, algorithm });
    found[algorithm] = await oauth.processDiscoveryResponse(issuer, answer);
  }
  assert.deepEqual(found.oidc, found.oauth2);
  done('discovery');
  for (const resource of [task.issuer, task.service]) {
    const answer = await oauth.resourceDiscoveryRequest(new URL(resource), http);
    const said = await oauth.processResourceDiscoveryResponse(new URL(resource), answer);
    assert.deepEqual(said.authorization_servers, [task.issuer]);
  }
  done('protected resources');
  return found.oidc;
}

/** The code flow up to the callback's parameters, as validated. */
async function authorize(as, { DPoP, pushed, state, nonce, verifier, more = {} }) {
  const parameters = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: task.redirect_uri,
    response_type: 'code',
    scope: 'openid profile email shop:read',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  const url = new URL(as.authorization_endpoint);
  if (pushed) {
    const kept = await nonced(async () => {
      const answer = await oauth.pushedAuthorizationRequest(as, client, auth, parameters, { ...http, DPoP });
      return oauth.processPushedAuthorizationResponse(as, client, answer);
    });
    url.searchParams.set('client_id', client.client_id);
    url.searchParams.set('request_uri', kept.request_uri);
  } else {
    url.search = parameters;
  }
  const back = await visit(url, task.redirect_uri, task.user);
  return oauth.validateAuthResponse(as, client, back, state);
}

async function codeFlow(as, options) {
  const [state, nonce, verifier] = [oauth.generateRandomState(), oauth.generateRandomNonce(), oauth.generateRandomCodeVerifier()];
  const { DPoP } = options;
  const callback = await authorize(as, { ...options, state, nonce, verifier });
  const ask = () =>
    oauth.authorizationCodeGrantRequest(as, client, auth, callback, task.redirect_uri, verifier, { ...http, DPoP });
  const tokens = await nonced(async () => {
    const answer = await ask();
    const checked = await oauth.processAuthorizationCodeResponse(as, client, answer, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(as, answer, http);
    return checked;
  });
  assert.equal(tokens.token_type, DPoP ? 'dpop' : 'bearer');
  return { ...tokens, sub: oauth.getValidatedIdTokenClaims(tokens).sub };
}

/** Checks a token as a resource server would, its proof included, and uses it at ours. */
async function use(as, token, DPoP) {
  const call = async () => {
    const answer = await oauth.protectedResourceRequest(token, 'GET', new URL(task.resource), undefined, undefined, {
      ...http,
      DPoP,
    });
    return answer;
  };
  const answer = await nonced(call);
  assert.equal(answer.status, 200, await answer.clone().text());
  let seen;
  await oauth.protectedResourceRequest(token, 'GET', new URL(task.resource), undefined, undefined, {
    ...http,
    DPoP,
    [oauth.customFetch]: async (url, { method, headers }) => {
      seen = new Request(url, { method, headers });
      return new Response();
    },
  });
  await oauth.validateJwtAccessToken(as, seen, task.issuer, { ...http, requireDPoP: DPoP !== undefined });
}

async function withUser(as, DPoP, pushed) {
  const name = `code${DPoP ? ' DPoP' : ''}${pushed ? ' PAR' : ''}`;
  let tokens = await codeFlow(as, { DPoP, pushed });
  await use(as, tokens.access_token, DPoP);
  const who = await nonced(async () => {
    const answer = await oauth.userInfoRequest(as, client, tokens.access_token, { ...http, DPoP });
    return oauth.processUserInfoResponse(as, client, tokens.sub, answer);
  });
  assert.equal(who.email, task.user.email);
  const before = tokens.refresh_token;
  tokens = await nonced(async () => {
    const answer = await oauth.refreshTokenGrantRequest(as, client, auth, before, { ...http, DPoP });
    return oauth.processRefreshTokenResponse(as, client, answer);
  });
  assert.notEqual(tokens.refresh_token, before);
  await use(as, tokens.access_token, DPoP);
  if (confidential) await introspect(as, tokens.access_token, true);
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.refresh_token, http));
  if (confidential) await introspect(as, tokens.access_token, false);
  await assert.rejects(use(as, tokens.access_token, DPoP));
  done(name);
}

async function introspect(as, token, active) {
  const answer = await oauth.introspectionRequest(as, client, auth, token, http);
  const said = await oauth.processIntrospectionResponse(as, client, answer);
  assert.equal(said.active, active);
}

async function alone(as, DPoP) {
  const tokens = await nonced(async () => {
    const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'shop:read' }, { ...http, DPoP });
    return oauth.processClientCredentialsResponse(as, client, answer);
  });
  await use(as, tokens.access_token, DPoP);
  const subject = { subject_token: tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
  const exchanged = await nonced(async () => {
    const answer = await oauth.genericTokenEndpointRequest(as, client, auth, EXCHANGE, subject, { ...http, DPoP });
    return oauth.processGenericTokenEndpointResponse(as, client, answer);
  });
  assert.equal(exchanged.issued_token_type, subject.subject_token_type);
  await use(as, exchanged.access_token, DPoP);
  done(`client_credentials and exchange${DPoP ? ' DPoP' : ''}`);
}

async function refusals(as) {
  const [state, nonce, verifier] = [oauth.generateRandomState(), oauth.generateRandomNonce(), oauth.generateRandomCodeVerifier()];
  const callback = await authorize(as, { state, nonce, verifier });
  const exchange = async (verifier) => {
    const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, callback, task.redirect_uri, verifier, http);
    return oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce });
  };
  await refused('invalid_grant', exchange(oauth.generateRandomCodeVerifier()));
  await refused('invalid_grant', exchange(verifier));
  const more = { scope: 'openid console:admin' };
  const wish = authorize(as, { state, nonce, verifier, more });
  await refused('invalid_scope', wish);
  done('refusals');
}

async function register(as) {
  const metadata = {
    client_name: 'Registered by oauth4webapi',
    redirect_uris: [task.redirect_uri],
    token_endpoint_auth_method: 'none',
    scope: 'openid shop:read',
  };
  const answer = await oauth.dynamicClientRegistrationRequest(as, metadata, {
    ...http,
    initialAccessToken: task.registrar,
  });
  const made = await oauth.processDynamicClientRegistrationResponse(answer);
  assert.equal(made.token_endpoint_auth_method, 'none');
  done('registration');
}

const as = await discover();
for (const DPoP of [undefined, oauth.DPoP(client, await oauth.generateKeyPair('ES256'))]) {
  for (const pushed of [false, true]) await withUser(as, DPoP, pushed);
  if (confidential) await alone(as, DPoP);
}
await refusals(as);
await register(as);
