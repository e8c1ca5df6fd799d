// Talks to the storefront experience API: the session or token, keys for writes, problems as errors.

export const GATEWAY = new URLSearchParams(location.search).get("api") ?? localStorage.getItem("api") ?? "http://127.0.0.1:8000";
localStorage.setItem("api", GATEWAY);

const BASE = `${GATEWAY}/storefront/v1`;

export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title ?? "Something went wrong.");
    this.document = document;
  }
}

export const token = {
  get: () => sessionStorage.getItem("token"),
  set: (value) => (value ? sessionStorage.setItem("token", value) : sessionStorage.removeItem("token")),
};

async function headers() {
  const found = {};
  if (token.get()) found.authorization = `Bearer ${token.get()}`;
  const session = localStorage.getItem("session");
  if (session) found["triptych-session"] = session;
  return found;
}

async function answer(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const document = await response.json().catch(() => ({ title: response.statusText }));
  if (response.status === 401) token.set(null);
  throw new Problem(document);
}

export async function get(path, query = {}) {
  const url = new URL(BASE + path);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return answer(await fetch(url, { headers: await headers() }));
}

export async function send(method, path, body, key = crypto.randomUUID()) {
  const sent = { ...(await headers()), "idempotency-key": key };
  if (body !== undefined) sent["content-type"] = "application/json";
  return answer(await fetch(BASE + path, { method, headers: sent, body: body && JSON.stringify(body) }));
}

/** Begins a guest's session, once. */
export async function begin() {
  if (localStorage.getItem("session")) return;
  localStorage.setItem("session", (await send("POST", "/sessions")).session);
}

/** Calls `show` with each update of an order. EventSource cannot send headers, so this reads the stream. */
export async function follow(id, show) {
  const response = await fetch(`${BASE}/orders/${id}/events`, { headers: await headers() });
  if (!response.ok) return answer(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return null;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
      if (data.length) show(JSON.parse(data.join("\n")));
    }
  }
}
