"""Path confusion: what two servers could read differently is refused, another spelling is another path."""

import pytest

from tests.gateway.attacks.conftest import Door
from tests.gateway.raw import get

CONFUSING: dict[str, bytes] = {
    "two dots": b"/shop/v1/../v1/hours",
    "two dots out of the service": b"/shop/v1/hours/../../../ledger/v1/balance",
    "two dots at the end": b"/shop/v1/hours/..",
    "a dot": b"/shop/v1/./hours",
    "a dot at the end": b"/shop/v1/hours/.",
    "two encoded dots": b"/shop/v1/%2e%2e/v1/hours",
    "two encoded dots in capitals": b"/shop/v1/%2E%2E/v1/hours",
    "one encoded dot of two": b"/shop/v1/.%2e/v1/hours",
    "an encoded dot": b"/shop/v1/%2e/hours",
    "an encoded slash": b"/shop/v1%2fhours",
    "an encoded slash in capitals": b"/shop/v1%2Fhours",
    "an encoded slash in an id": b"/shop/v1/products/a%2F..%2F..",
    "an encoded backslash": b"/shop/v1%5chours",
    "a backslash": b"/shop\\v1\\hours",
    "dots and a backslash": b"/shop/v1/..\\hours",
    "two slashes before": b"//shop/v1/hours",
    "two slashes before a host": b"//evil.test/shop/v1/hours",
    "two slashes within": b"/shop//v1/hours",
    "two slashes at the end": b"/shop/v1/hours//",
    "a slash after a backslash": b"/\\evil.test/shop/v1/hours",
    "a zero byte": b"/shop/v1/hours%00",
    "a zero byte before an end": b"/shop/v1/products/a%00.json",
    "a line": b"/shop/v1/hours%0d%0aX-Evil:%201",
    "an encoded line feed": b"/shop/v1/products/a%0Ab",
    "an encoded tab": b"/shop/v1/products/a%09b",
    "an encoded delete": b"/shop/v1/products/a%7F",
    "a stray percent sign": b"/shop/v1/products/%",
    "half an escape": b"/shop/v1/products/%4",
    "an escape in other letters": b"/shop/v1/products/%zz",
    "an escape of 16 bits": b"/shop/v1/products/%u002e",
    "an octet that is no UTF-8": b"/shop/v1/products/%ff",
    "overlong dots": b"/shop/v1/products/%c0%ae%c0%ae",
    "an overlong slash": b"/shop/v1/products/%c0%af",
    "an overlong slash of three octets": b"/shop/v1/products/%e0%80%af",
    "an overlong slash of four octets": b"/shop/v1/products/%f0%80%80%af",
    "half a pair": b"/shop/v1/products/%ed%a0%80",
    "beyond Unicode": b"/shop/v1/products/%f4%90%80%80",
    "brackets": b"/shop/v1/products/<script>",
    "a brace": b"/shop/v1/products/{sku}",
    "a bar": b"/shop/v1/products/a|b",
    "a caret": b"/shop/v1/products/a^b",
    "a backquote": b"/shop/v1/products/a`b",
    "a quote": b'/shop/v1/products/a"b',
    "a raw octet": b"/shop/v1/products/\xff",
    "raw UTF-8": "/shop/v1/products/\u00e9".encode(),
    "a raw octet in the query": b"/shop/v1/hours?a=\xff",
    "a fragment": b"/shop/v1/hours#/../ledger",
}


@pytest.mark.parametrize("name", CONFUSING)
async def test_a_path_that_could_be_read_differently_is_refused(door: Door, name: str):
    answers = await door.send(get(CONFUSING[name], b"Authorization: Bearer acme"))
    assert answers.statuses == [400], answers
    assert b"application/problem+json" in answers.text
    assert door.shop.arrived == []


ELSEWHERE: dict[str, bytes] = {
    "the service in capitals": b"/SHOP/v1/hours",
    "the version in capitals": b"/shop/V1/hours",
    "the operation in capitals": b"/shop/v1/Hours",
    "a parameter of the segment": b"/shop/v1/hours;a=b",
    "a parameter of the version": b"/shop/v1;a=b/hours",
    "an encoded parameter": b"/shop/v1/hours%3Ba=b",
    "a version with a zero": b"/shop/v01/hours",
    "a slash at the end": b"/shop/v1/hours/",
    "a blank at the end": b"/shop/v1/hours%20",
    "a question mark": b"/shop/v1/hours%3Fa=b",
    "a number sign": b"/shop/v1/hours%23x",
    "letters that look alike": b"/shop/v1/h%D0%BEurs",
    "wide letters": b"/%EF%BD%93hop/v1/hours",
    "a letter with a mark apart": b"/shop/v1/ho%CC%88urs",
    "an escape that is encoded": b"/shop/v1/%252e%252e/hours",
    "three dots": b"/shop/v1/.../hours",
    "the inside of a service": b"/shop/v1/openapi.json",
    "health of a service": b"/shop/healthz",
    "metrics of a service": b"/shop/v1/metrics",
}


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_a_path_in_another_spelling_is_another_path(door: Door, name: str):
    answers = await door.send(get(ELSEWHERE[name], b"Authorization: Bearer acme"))
    assert answers.statuses == [404], answers
    assert door.shop.arrived == []


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        (b"/shop/v1/h%6furs", b"/shop/v1/hours"),
        (b"/%73hop/v1/hours", b"/shop/v1/hours"),
        (b"/shop/%761/hours?a=%2e%2e/%2f", b"/shop/v1/hours?a=%2e%2e/%2f"),
        (b"/shop/v1/products/a%20%C3%A9%3F%23%25", b"/shop/v1/products/a%20%C3%A9%3F%23%25"),
        (b"/shop/v1/products/%7Ea%2Db%3b", b"/shop/v1/products/~a-b;"),
        (b"/shop/v1/products/%252e%252e", b"/shop/v1/products/%252e%252e"),
    ],
    ids=["a letter", "in the service", "in the version", "what has to be", "what need not be", "twice"],
)
async def test_what_is_escaped_is_authorised_and_passed_on_in_one_spelling(
    door: Door, asked: bytes, passed_on: bytes
):
    answers = await door.send(get(asked, b"Authorization: Bearer acme"))
    assert answers.statuses == [200], answers
    assert [one.target for one in door.shop.arrived] == [passed_on]


async def test_an_escaped_letter_opens_nothing_that_is_closed(door: Door):
    for path in (
        b"/shop/v1/pr%6fducts",
        b"/%73hop/v1/products",
        b"/shop/v1/products?scope=",
        b"/shop/v1/products/%6f",
    ):
        assert (await door.send(get(path))).statuses == [401]
    assert (await door.send(get(b"/l%65dger/v1/balance", b"Authorization: Bearer acme"))).statuses == [403]
    assert door.shop.arrived == []
