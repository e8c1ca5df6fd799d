// A real OpenID provider on loopback: one client, tokens as JWTs for one audience, signed as the resource says.
import { Provider } from 'oidc-provider';

const { PORT, AUDIENCE, SECRET, JWKS } = process.env;
const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  jwks: JSON.parse(JWKS),
  cookies: { keys: [SECRET] },
  clients: [
    {
      client_id: 'portal',
      client_secret: SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  extraTokenClaims: () => ({ groups: ['sales'] }),
  ttl: { ClientCredentials: 300 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'shop.read',
        audience: AUDIENCE,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: resource.split('/').pop() } },
      }),
    },
  },
});
provider.listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
