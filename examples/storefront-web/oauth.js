// Signs in with OAuth 2.1: authorization code with PKCE (RFC 7636), for a client that keeps no secret.

import { GATEWAY, token } from "./api.js";

const CLIENT = "storefront-web";
const SCOPE = "openid profile storefront:profile storefront:orders";
const HOME = location.origin + location.pathname;

const text = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => text(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves for the sign-in page; comes back to `returned`. */
export async function signIn() {
  const verifier = random();
  const state = random();
  sessionStorage.setItem("signing-in", JSON.stringify({ verifier, state }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT,
    redirect_uri: HOME,
    scope: SCOPE,
    state,
    code_challenge: text(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${GATEWAY}/oauth/authorize?${query}`);
}

/** Whether this load of the page is the return from the sign-in page, and it went well. */
export async function returned() {
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return false;
  const expected = JSON.parse(sessionStorage.getItem("signing-in") ?? "{}");
  sessionStorage.removeItem("signing-in");
  history.replaceState(null, "", HOME);
  if (query.get("state") !== expected.state || query.get("iss") !== GATEWAY || !query.has("code")) return false;
  const response = await fetch(`${GATEWAY}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: CLIENT,
      code: query.get("code"),
      redirect_uri: HOME,
      code_verifier: expected.verifier,
    }),
  });
  if (!response.ok) return false;
  token.set((await response.json()).access_token);
  return true;
}
