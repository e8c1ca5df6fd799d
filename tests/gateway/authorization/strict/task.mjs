// What a script is told to do, in the environment, and how it says what it has done.

import assert from 'node:assert/strict';

export const task = JSON.parse(process.env.STRICT_TASK);

/** Says that something was done, for the test that started us. */
export function done(step) {
  console.log(step);
}

/** Fails unless the promise does, with an error of this OAuth code. */
export async function refused(code, promise) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.error ?? error.cause?.[0]?.parameters?.error, code, String(error));
    return true;
  });
}

/** The private key that the client signs its assertions with. */
export async function assertionKey() {
  const { alg, kid, ...jwk } = task.jwk;
  const algorithms = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    Ed25519: { name: 'Ed25519' },
  };
  return { kid, key: await crypto.subtle.importKey('jwk', jwk, algorithms[alg], false, ['sign']) };
}
