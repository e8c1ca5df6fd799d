// A gateway as Fastify's own plugins make it: proxy, tokens, a limit for each client.
const fs = require("node:fs");
const fastify = require("fastify")({ logger: false });

fastify.register(require("@fastify/jwt"), {
  secret: { public: fs.readFileSync("@KEY@") },
  verify: { algorithms: ["RS256"], allowedIss: "https://issuer.example", cache: true },
});
fastify.register(require("@fastify/rate-limit"), {
  max: 1e9,
  timeWindow: 1000,
  hook: "preHandler",
  keyGenerator: (request) => request.user?.client_id ?? request.ip,
});
fastify.get("/healthz", async () => "ok");
fastify.register(require("@fastify/http-proxy"), {
  upstream: "http://127.0.0.1:@BEHIND@",
  prefix: "/partner",
  rewritePrefix: "/partner",
  preValidation: async (request, reply) => {
    await request.jwtVerify();
    if (!request.user.scope.split(" ").includes("partner:read")) return reply.code(403).send();
  },
});
fastify.listen({ port: @PORT@, host: "127.0.0.1" });
