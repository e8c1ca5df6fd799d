// A gateway by hand on Node: the bare server, undici's pool, tokens remembered, a bucket for each client.
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const { Pool } = require("undici");

const key = crypto.createPublicKey(fs.readFileSync("@KEY@"));
const service = new Pool("http://127.0.0.1:@BEHIND@", { connections: 256, pipelining: 1 });
const known = new Map();
const buckets = new Map();
const HOP = new Set(["connection", "keep-alive", "te", "trailer", "upgrade", "transfer-encoding", "proxy-connection", "host"]);
const RATE = 1e6;

function verified(token) {
  const found = known.get(token);
  if (found && found.exp * 1000 > Date.now()) return found;
  const [head, payload, signature] = token.split(".");
  if (!signature || JSON.parse(Buffer.from(head, "base64url")).alg !== "RS256") return null;
  if (!crypto.verify("sha256", Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"))) return null;
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  claims.scopes = new Set(claims.scope.split(" "));
  known.set(token, claims);
  return claims;
}

function admitted(client) {
  const now = performance.now();
  const bucket = buckets.get(client) ?? { left: RATE, at: now };
  bucket.left = Math.min(RATE, bucket.left + (now - bucket.at) * RATE / 1000);
  bucket.at = now;
  buckets.set(client, bucket);
  return --bucket.left >= 0;
}

http
  .createServer((request, response) => {
    if (request.url === "/healthz") return response.writeHead(200).end();
    const claims = verified((request.headers.authorization ?? "").slice(7));
    if (!claims) return response.writeHead(401).end();
    if (!claims.scopes.has("partner:read")) return response.writeHead(403).end();
    if (!admitted(claims.client_id)) return response.writeHead(429).end();
    const id = request.headers["x-request-id"] ?? crypto.randomUUID();
    const headers = [];
    const raw = request.rawHeaders;
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at].toLowerCase();
      if (!HOP.has(name) && name !== "x-request-id") headers.push(raw[at], raw[at + 1]);
    }
    headers.push("x-request-id", id, "x-forwarded-for", request.socket.remoteAddress);
    const body = request.method === "GET" ? null : request;
    service.dispatch({ path: request.url, method: request.method, headers, body }, {
      onConnect() {},
      onHeaders(status, fields) {
        const out = ["x-request-id", id];
        for (let at = 0; at < fields.length; at += 2) {
          const name = fields[at].toString("latin1");
          if (!HOP.has(name.toLowerCase())) out.push(name, fields[at + 1].toString("latin1"));
        }
        response.writeHead(status, out);
        return true;
      },
      onData(piece) {
        return response.write(piece) || true;
      },
      onComplete() {
        response.end();
      },
      onError() {
        if (!response.headersSent) response.writeHead(502);
        response.end();
      },
    });
  })
  .listen(@PORT@, "127.0.0.1");
