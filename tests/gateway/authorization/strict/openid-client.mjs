// openid-client, as an application would use it, through everything that a client can do.

import assert from 'node:assert/strict';
import * as openid from 'openid-client';
import { visit } from './person.mjs';
import { assertionKey, done, refused, task } from './task.mjs';

const insecure = { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] };
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

const ways = {
  client_secret_basic: () => openid.ClientSecretBasic(task.secret),
  client_secret_post: () => openid.ClientSecretPost(task.secret),
  private_key_jwt: async () => openid.PrivateKeyJwt(await assertionKey()),
  none: () => openid.None(),
};
const auth = await ways[task.method]();
const confidential = task.method !== 'none';

async function codeFlow(config, { DPoP, pushed }) {
  const [state, nonce, verifier] = [openid.randomState(), openid.randomNonce(), openid.randomPKCECodeVerifier()];
  const parameters = {
    redirect_uri: task.redirect_uri,
    scope: 'openid profile email shop:read',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...(DPoP && !pushed ? { dpop_jkt: await DPoP.calculateThumbprint() } : {}),
  };
  const url = pushed
    ? await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
    : openid.buildAuthorizationUrl(config, parameters);
  const back = await visit(url, task.redirect_uri, task.user);
  const checks = { expectedNonce: nonce, expectedState: state, pkceCodeVerifier: verifier, idTokenExpected: true };
  return openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
}

async function use(config, token, DPoP) {
  const answer = await openid.fetchProtectedResource(
    config, token, new URL(task.resource), 'GET', undefined, undefined, { DPoP });
  assert.equal(answer.status, 200);
}

async function withUser(config, DPoP, pushed) {
  let tokens = await codeFlow(config, { DPoP, pushed });
  const { sub } = tokens.claims();
  await use(config, tokens.access_token, DPoP);
  const who = await openid.fetchUserInfo(config, tokens.access_token, sub, { DPoP });
  assert.equal(who.email, task.user.email);
  const end = openid.buildEndSessionUrl(config, { id_token_hint: tokens.id_token });
  tokens = await openid.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  await use(config, tokens.access_token, DPoP);
  if (confidential) assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, true);
  await openid.tokenRevocation(config, tokens.refresh_token);
  if (confidential) assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(use(config, tokens.access_token, DPoP));
  await refused('invalid_grant', openid.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP }));
  assert.equal((await fetch(end)).status, 200);
  done(`code${DPoP ? ' DPoP' : ''}${pushed ? ' PAR' : ''}`);
}

async function alone(config, DPoP) {
  const tokens = await openid.clientCredentialsGrant(config, { scope: 'shop:read' }, { DPoP });
  await use(config, tokens.access_token, DPoP);
  const subject = {
    subject_token: tokens.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: task.service,
  };
  const exchanged = await openid.genericGrantRequest(config, EXCHANGE, subject, { DPoP });
  await use(config, exchanged.access_token, DPoP);
  await openid.tokenRevocation(config, exchanged.access_token);
  await assert.rejects(use(config, exchanged.access_token, DPoP));
  done(`client_credentials and exchange${DPoP ? ' DPoP' : ''}`);
}

async function register() {
  const metadata = { client_name: 'Registered by openid-client', redirect_uris: [task.redirect_uri], scope: 'openid' };
  const made = await openid.dynamicClientRegistration(new URL(task.issuer), metadata, undefined, {
    ...insecure,
    initialAccessToken: task.registrar,
  });
  assert.equal(typeof made.clientMetadata().client_secret, 'string');
  done('registration');
}

const config = await openid.discovery(new URL(task.issuer), task.client_id, undefined, auth, insecure);
done('discovery');
for (const pair of [undefined, await openid.randomDPoPKeyPair('ES256')]) {
  const DPoP = pair && openid.getDPoPHandle(config, pair);
  for (const pushed of [false, true]) await withUser(config, DPoP, pushed);
  if (confidential) await alone(config, DPoP);
}
await register();
