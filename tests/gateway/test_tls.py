"""TLS on both fronts: modern versions only, client certificates, and renewal without a restart."""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.edge import EdgeProtocol, EdgeUpstream, Lane
from gateway.exchange import Exchange
from gateway.front_uvicorn import GuardedProtocol
from gateway.upstream import HttpUpstream
from tests.gateway.authority import Authority, Certified
from tests.gateway.edge.services import answering, whole
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, raw, statuses
from triptych.serving.server import listen, serving
from triptych.serving.tls import Tls, TlsError, tls
from triptych.settings import Settings

pytestmark = pytest.mark.blocking("tests write certificates to files")
HOURS = get(b"/shop/v1/hours")


class Seen(list[Exchange]):
    """Every exchange that came to the filters and was answered."""

    def __call__(self, exchange: Exchange, status: int) -> None:
        self.append(exchange)


Opened = Callable[..., AbstractAsyncContextManager[tuple[int, Tls]]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Certified:
    return authority.certify("gateway", "localhost")


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(params=["asgi", "edge"])
def opened(request: pytest.FixtureRequest, landscape: Landscape, server: Certified, seen: Seen) -> Opened:
    """Opens a gateway that speaks TLS, on each front, with further settings."""

    @asynccontextmanager
    async def opening(**more: Any) -> AsyncGenerator[tuple[int, Tls]]:
        chosen = {"tls_certificate": server.certificate, "tls_key": server.key, **more}
        settings = landscape.settings.model_copy(update=chosen)
        spoken = tls(settings)
        assert spoken is not None
        async with raw(answering(whole(b"{}"))) as there:
            address = f"http://127.0.0.1:{there}"
            upstream = HttpUpstream(address, "shop", landscape.internal)
            gateway = landscape.gateway(settings=settings, upstreams={"shop": upstream}, count=seen)
            lane = Lane(gateway, [EdgeUpstream("shop", [address], landscape.internal)])
            protocol = partial(EdgeProtocol, lane) if request.param == "edge" else GuardedProtocol
            listening = listen("127.0.0.1", 0)
            async with lane.running(), serving(gateway, listening, 1, protocol, spoken):
                yield listening.getsockname()[1], spoken
            await upstream.aclose()

    return opening


async def asked(port: int, context: ssl.SSLContext, times: int = 1) -> tuple[list[int], ssl.SSLObject]:
    """The statuses of as many requests on one connection, and the connection."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )
    answers = b""
    try:
        for _ in range(times):
            writer.write(HOURS)
            answers += await reader.readuntil(b"{}")
        return statuses(answers), writer.get_extra_info("ssl_object")
    finally:
        writer.close()


async def refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether a client gets no answer for what its handshake shows."""
    try:
        await asked(port, context)
    except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
        return True
    return False


async def test_a_client_speaks_modern_tls_and_gets_its_answers(
    opened: Opened, authority: Authority, seen: Seen
):
    async with opened() as (port, _):
        found, connection = await asked(port, authority.trusting(), times=3)
    assert found == [200, 200, 200]
    assert connection.version() == "TLSv1.3"
    assert {(exchange.scheme, exchange.certificate) for exchange in seen} == {("https", None)}


async def test_versions_and_ciphers_of_yesterday_are_refused(opened: Opened, authority: Authority):
    old, weak, good = authority.trusting(), authority.trusting(), authority.trusting()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    weak.maximum_version = good.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256:AES128-GCM-SHA256")
    async with opened() as (port, _):
        assert await refused(port, old)
        assert await refused(port, weak)
        found, connection = await asked(port, good)
    assert found == [200]
    assert connection.version() == "TLSv1.2"


async def test_a_client_that_speaks_plain_http_gets_nothing(opened: Opened):
    async with opened() as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HOURS)
        async with asyncio.timeout(30):
            assert b"HTTP" not in await reader.read()
        writer.close()


async def test_a_required_certificate_is_told_to_the_filters_and_without_one_nobody_comes_in(
    opened: Opened, authority: Authority, tmp_path: Path, seen: Seen
):
    acme = authority.certify("acme-orders", "orders.acme.example")
    stranger = Authority(tmp_path, "stranger").certify("acme-orders", file="stranger-orders")
    async with opened(tls_client_ca=authority.file, tls_client_certificates="required") as (port, _):
        assert await refused(port, authority.trusting())
        assert await refused(port, authority.trusting(stranger))
        assert seen == []
        found, _ = await asked(port, authority.trusting(acme), times=3)
    assert found == [200, 200, 200]
    certificates = [exchange.certificate for exchange in seen]
    assert [shown.subject for shown in certificates if shown] == ["CN=acme-orders,O=Acme"] * 3
    assert certificates[0] is not None
    assert certificates[0].names == ("orders.acme.example",)
    whole_one = x509.load_pem_x509_certificate(acme.certificate.read_bytes())
    assert len(certificates[0].thumbprint) == 43
    assert whole_one.subject.rfc4514_string() == certificates[0].subject


async def test_an_optional_certificate_may_be_left_out_but_not_made_up(
    opened: Opened, authority: Authority, tmp_path: Path, seen: Seen
):
    stranger = Authority(tmp_path, "stranger").certify("acme-orders")
    async with opened(tls_client_ca=authority.file, tls_client_certificates="optional") as (port, _):
        assert (await asked(port, authority.trusting()))[0] == [200]
        assert await refused(port, authority.trusting(stranger))
        assert (await asked(port, authority.trusting(authority.certify("acme"))))[0] == [200]
    assert [exchange.certificate.subject if exchange.certificate else "" for exchange in seen] == [
        "",
        "CN=acme,O=Acme",
    ]


async def test_a_renewed_certificate_is_shown_from_the_next_connection_on(
    opened: Opened, authority: Authority, server: Certified
):
    async with opened() as (port, spoken):
        _, before = await asked(port, authority.trusting())
        authority.certify("renewed", "localhost", file="gateway")
        spoken.renew()
        _, after = await asked(port, authority.trusting())
    assert [common_name(before), common_name(after)] == ["gateway", "renewed"]


async def test_a_certificate_that_is_half_written_changes_nothing_and_the_whole_one_does(
    opened: Opened, authority: Authority, server: Certified
):
    async with opened() as (port, spoken):
        key = server.key.read_bytes()
        authority.certify("renewed", "localhost", file="gateway")
        fresh = server.key.read_bytes()
        server.key.write_bytes(key)  # the certificate is the new one, the key is not yet
        spoken.renew()
        _, meanwhile = await asked(port, authority.trusting())
        server.key.write_bytes(fresh)
        os.utime(server.key, (1, 1))
        spoken.renew()
        _, after = await asked(port, authority.trusting())
    assert [common_name(meanwhile), common_name(after)] == ["gateway", "renewed"]


async def test_an_authority_that_was_taken_away_vouches_for_nobody_any_more(
    opened: Opened, authority: Authority, tmp_path: Path
):
    former, trusted = Authority(tmp_path, "former"), tmp_path / "trusted.pem"
    partner = former.certify("partner")
    trusted.write_bytes(authority.file.read_bytes() + former.file.read_bytes())
    async with opened(tls_client_ca=trusted, tls_client_certificates="required") as (port, spoken):
        client = authority.trusting(partner)
        assert (await asked(port, client))[0] == [200]
        trusted.write_bytes(authority.file.read_bytes())
        spoken.renew()
        assert await refused(port, client)


def common_name(connection: ssl.SSLObject) -> str:
    """Whose certificate the server has shown."""
    octets = connection.getpeercert(binary_form=True)
    assert octets is not None
    subject = x509.load_der_x509_certificate(octets).subject
    return str(subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"tls_certificate": "absent.pem"}, "absent.pem"),
        ({"tls_client_certificates": "required"}, "TRIPTYCH_TLS_CERTIFICATE"),
        (
            {"tls_certificate": "gateway.crt", "tls_client_certificates": "required"},
            "TRIPTYCH_TLS_CLIENT_CA",
        ),
        ({"tls_certificate": "gateway.crt"}, "TLS cannot be spoken"),
    ],
    ids=["no-file", "no-certificate", "no-authority", "no-key"],
)
async def test_what_is_missing_is_said_at_the_start(
    chosen: dict[str, str], said: str, server: Certified, tmp_path: Path
):
    files = {name: tmp_path / value if name == "tls_certificate" else value for name, value in chosen.items()}
    with pytest.raises(TlsError, match=said):
        tls(Settings.model_validate(files))


async def test_the_public_address_is_https(server: Certified):
    assert Settings(port=8443, tls_certificate=server.certificate).base_url == "https://127.0.0.1:8443"
