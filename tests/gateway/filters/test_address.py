"""Who a request comes from, where proxies stand before the gateway."""

import pytest
from pydantic import ValidationError

from gateway.exchange import Exchange, Headers
from gateway.filters.address import Proxies, address
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape
from triptych.settings import Settings

PROXIES = Proxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"])


def seen(peer: str, *said: bytes, scheme: bytes = b"") -> tuple[str, str]:
    """Client and scheme of a request from this peer with these lines of X-Forwarded-For."""
    fields: Headers = [(b"x-forwarded-for", value) for value in said]
    if scheme:
        fields.append((b"x-forwarded-proto", scheme))
    exchange = Exchange("GET", b"/", b"", fields, peer)
    assert address(PROXIES)(exchange) is None
    return exchange.client, exchange.scheme


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("10.0.0.1", [b"203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", [b"1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", [b"1.1.1.1", b"203.0.113.7 , 10.0.0.2"], "203.0.113.7"),
        ("192.0.2.7", [b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", [b"203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", [b"[2001:db9::1]:4711"], "2001:db9::1"),
        ("2001:db8::9", [b"2001:db9::0:1"], "2001:db9::1"),
        ("10.0.0.1", [b"203.0.113.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [b"nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("203.0.113.9", [b"10.0.0.1"], "203.0.113.9"),
        ("192.0.2.8", [b"203.0.113.7"], "192.0.2.8"),
        ("", [b"203.0.113.7"], ""),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy_of_ours(peer: str, said: list[bytes], client: str):
    assert seen(peer, *said)[0] == client


def test_the_scheme_is_what_a_proxy_of_ours_says():
    assert seen("10.0.0.1", scheme=b"https")[1] == "https"
    assert seen("10.0.0.1", scheme=b"gopher")[1] == "http"
    assert seen("203.0.113.9", scheme=b"https")[1] == "http"


def test_who_is_believed_is_said_in_the_settings_and_has_to_be_an_address():
    assert Settings(trusted_proxies="10.0.0.0/8, 192.0.2.7").proxies == ["10.0.0.0/8", "192.0.2.7"]
    assert Settings().proxies == []
    with pytest.raises(ValidationError, match="nonsense"):
        Settings(trusted_proxies="10.0.0.0/8, nonsense")


async def test_limits_count_the_client_and_not_the_proxy(landscape: Landscape, browse: Browse):
    for trusted, statuses in (("203.0.113.7", [200, 200, 429]), ("", [200, 429, 429])):
        settings = landscape.settings.model_copy(
            update={"trusted_proxies": trusted, "plans": {"anonymous": {"burst": 1}}}
        )
        async with browse(landscape.gateway(settings=settings)) as client:
            told = [{"x-forwarded-for": address} for address in ("1.1.1.1", "2.2.2.2", "2.2.2.2")]
            answers = [await client.get("/shop/v1/hours", headers=headers) for headers in told]
        assert [answer.status_code for answer in answers] == statuses
