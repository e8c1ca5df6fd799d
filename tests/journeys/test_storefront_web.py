"""The example shop page in a browser: guests buy, customers sign in, and all see their orders come along."""

import json
import shutil
import threading
from collections.abc import AsyncGenerator, Generator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.clone import Clone
from tests.conftest import PROJECT, absent

PAGE = PROJECT / "examples" / "storefront-web"
SLOW = 30_000
"""Milliseconds that a busy machine may take for what usually takes a few."""
PLACE = {"line1": "Obere Str. 57", "postal_code": "12209", "city": "Berlin"}


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(clone: Clone) -> Generator[str]:
    """Where the page is served, talking to the running gateway."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(PAGE))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/?api={clone.address}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    """Headless Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        absent("no Chromium here")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


@pytest.fixture
async def page(browser: Browser, site: str) -> AsyncGenerator[Page]:
    """The shop, just opened by somebody new; fails when the page logs an error."""
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(SLOW)
    errors: list[str] = []
    shop = site.partition("?")[0]
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: errors.append(line.text) if line.type == "error" and page.url.startswith(shop) else None,
    )
    await page.goto(site)
    await expect(page.locator("article").first).to_be_visible(timeout=SLOW)
    yield page
    await context.close()
    assert errors == []


async def add_to_cart(page: Page, number: int = 0) -> str:
    """Put the nth product that is in stock into the cart; its name."""
    card = page.locator("article:has(button:enabled)").nth(number)
    name = await card.locator("h2").inner_text()
    await card.get_by_role("button", name="Add to cart").click()
    await expect(page.locator("#notice")).to_have_text(f"{name} is in your cart.", timeout=SLOW)
    return name


async def buy(page: Page, **buyer: str) -> str:
    """Check out what is in the cart, and watch the order to its end; the order's reference."""
    await page.click("#show-cart")
    for field, value in {**buyer, **PLACE}.items():
        await page.fill(f"#checkout [name={field}]", value)
    await page.get_by_role("button", name="Buy").click()
    await expect(page.locator("#order")).to_have_attribute("data-status", "completed", timeout=SLOW)
    await expect(page.locator("#timeline")).to_contain_text("complete: done")
    shown = await page.locator("#order-status").inner_text()
    await page.locator("#order [data-close]").click()
    return shown.partition(":")[0]


async def sign_in(page: Page, user: dict[str, str]) -> None:
    """Give name and password at the gateway, and allow the shop what it asks for."""
    await page.click("#sign-in")
    await page.get_by_label("E-mail address").fill(user["email"])
    await page.get_by_label("Password").fill(user["password"])
    await page.get_by_role("button", name="Sign in").click()


def user_of(clone: Clone) -> dict[str, str]:
    """A customer who can sign in, as `var/demo.json` has it."""
    demo: dict[str, Any] = json.loads((clone.folder / "var" / "demo.json").read_text())
    email, user = next(iter(demo["users"].items()))
    return {"email": email, "password": user["password"]}


async def test_a_guest_searches_buys_and_sees_the_order_completed(page: Page) -> None:
    await page.fill("#q", "no such thing")
    await expect(page.locator("article")).to_have_count(0, timeout=SLOW)
    await page.fill("#q", "")
    await expect(page.locator("article").first).to_be_visible(timeout=SLOW)

    name = await add_to_cart(page)
    await add_to_cart(page)
    await page.click("#show-cart")
    await expect(page.locator("#lines li")).to_contain_text(f"2 × {name}")
    await page.locator("#cart [data-close]").click()

    assert await buy(page, name="Ada Guest", email="ada.guest@mail.example")
    await expect(page.locator("#count")).to_have_text("0")


async def test_a_guest_keeps_the_cart_over_a_reload_and_can_empty_it(page: Page) -> None:
    await add_to_cart(page)
    await page.reload()
    await expect(page.locator("#count")).to_have_text("1", timeout=SLOW)
    await page.click("#show-cart")
    await page.get_by_role("button", name="Remove").click()
    await expect(page.locator("#count")).to_have_text("0")
    await expect(page.locator("#checkout")).to_be_hidden()


async def test_at_sign_in_the_guests_cart_goes_along_and_the_order_is_among_my_orders(
    page: Page, clone: Clone
) -> None:
    name = await add_to_cart(page, 1)
    await sign_in(page, user_of(clone))
    await page.get_by_role("button", name="Allow", exact=True).click()
    await expect(page.locator("#notice")).to_contain_text("Hello, ", timeout=SLOW)
    await page.click("#show-cart")
    await expect(page.locator("#lines")).to_contain_text(name, timeout=SLOW)
    await page.locator("#cart [data-close]").click()

    reference = await buy(page)
    await page.click("#show-orders")
    await expect(page.locator("#order-list li").first).to_contain_text(f"{reference} — completed")
    await page.locator("#orders [data-close]").click()

    await page.click("#sign-out")
    await expect(page.locator("#sign-in")).to_be_visible(timeout=SLOW)
    await expect(page.locator("#show-orders")).to_be_hidden()


async def test_a_wrong_password_lets_nobody_in(page: Page, clone: Clone) -> None:
    await sign_in(page, {**user_of(clone), "password": "not it"})
    await expect(page.get_by_role("alert")).to_contain_text("password")
    assert page.url.startswith(clone.address)
