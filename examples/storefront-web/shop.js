// The shop's front page: products, a cart, a checkout, and orders as they come along.

import { Problem, begin, follow, get, send, token } from "./api.js";
import { returned, signIn } from "./oauth.js";

const at = (id) => document.getElementById(id);
const money = ({ amount_minor, currency }) => {
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.format(amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
};

let cart = { lines: [], count: 0, total: null };
let next = null;

function say(message) {
  at("notice").textContent = message;
}

/** Runs an action, and tells the visitor what went wrong if it did. */
const careful = (action) => async (event) => {
  event?.preventDefault();
  try {
    await action(event);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    say(error.message);
  }
};

async function showProducts(cursor = null) {
  const page = await get("/products", { q: at("q").value.trim(), cursor, limit: 24 });
  if (!cursor) at("products").replaceChildren();
  at("products").append(...page.items.map(card));
  next = page.next_cursor;
  at("more").hidden = !next;
}

function card(product) {
  const made = at("product").content.cloneNode(true).firstElementChild;
  made.dataset.sku = product.sku;
  made.querySelector("h2").textContent = product.name;
  made.querySelector(".description").textContent = product.description ?? "";
  made.querySelector(".price").textContent = money(product.price);
  made.querySelector(".available").textContent = product.available ? `${product.available} available` : "sold out";
  const button = made.querySelector("button");
  button.disabled = !product.available;
  button.onclick = careful(async () => {
    await begin();
    const had = cart.lines.find((line) => line.sku === product.sku)?.quantity ?? 0;
    show(await send("PUT", `/cart/lines/${encodeURIComponent(product.sku)}`, { quantity: had + 1 }));
    say(`${product.name} is in your cart.`);
  });
  return made;
}

function show(changed) {
  cart = changed;
  at("count").textContent = cart.count;
  at("total").textContent = cart.total ? `Total ${money(cart.total)}` : "There is nothing in it yet.";
  at("checkout").hidden = !cart.count;
  at("lines").replaceChildren(...cart.lines.map(line));
}

function line(item) {
  const made = document.createElement("li");
  const remove = document.createElement("button");
  remove.className = "quiet";
  remove.textContent = "Remove";
  remove.onclick = careful(async () => show(await send("PUT", `/cart/lines/${encodeURIComponent(item.sku)}`, { quantity: 0 })));
  made.append(`${item.quantity} × ${item.name}`, remove);
  return made;
}

const checkOut = careful(async (event) => {
  const { name, email, ...place } = Object.fromEntries(new FormData(event.target));
  const buyer = token.get() ? null : { name, email };
  const order = await send("POST", "/checkout", { buyer, ship_to: place, payment_token: "tok_visa" });
  at("cart").close();
  show({ lines: [], count: 0, total: null });
  await watch(order);
  await showProducts();
});

async function watch(order) {
  at("order").showModal();
  const update = (now) => {
    at("order").dataset.status = now.status;
    at("order-status").textContent = `${now.reference}: ${now.status}${now.reason ? ` — ${now.reason}` : ""}, ${money(now.total)}`;
    at("timeline").replaceChildren(
      ...now.timeline.map((event) => {
        const made = document.createElement("li");
        made.textContent = `${event.undone ? "undo " : ""}${event.step}: ${event.outcome}`;
        return made;
      }),
    );
  };
  update(order);
  await follow(order.id, update);
}

async function showOrders() {
  const page = await get("/orders", { newest_first: true, limit: 50 });
  at("order-list").replaceChildren(
    ...page.items.map((order) => {
      const made = document.createElement("li");
      made.textContent = `${order.reference} — ${order.status}, ${money(order.total)}`;
      return made;
    }),
  );
  at("orders").showModal();
}

async function greet() {
  const known = Boolean(token.get());
  for (const id of ["sign-out", "show-orders"]) at(id).hidden = !known;
  for (const id of ["sign-in", "buyer"]) at(id).hidden = known;
  for (const field of at("buyer").querySelectorAll("input")) field.disabled = known;
  if (known) say(`Hello, ${(await get("/me")).name}.`);
}

async function open() {
  if (await returned()) show(await send("POST", "/cart/merge"));
  await greet();
  if (token.get() || localStorage.getItem("session")) show(await get("/cart"));
  await showProducts();
}

let typing;
at("q").oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(careful(() => showProducts()), 200);
};
at("search").onsubmit = careful(() => showProducts());
at("more").onclick = careful(() => showProducts(next));
at("show-cart").onclick = () => at("cart").showModal();
at("show-orders").onclick = careful(showOrders);
at("checkout").onsubmit = checkOut;
at("sign-in").onclick = careful(signIn);
at("sign-out").onclick = () => {
  token.set(null);
  location.reload();
};
for (const button of document.querySelectorAll("[data-close]")) button.onclick = () => button.closest("dialog").close();

careful(open)();
