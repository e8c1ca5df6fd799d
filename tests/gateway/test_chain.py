"""What a request meets on its way through the chain, over the ASGI front and real services."""

from typing import Any

import pytest

from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape


async def test_an_order_with_the_right_scope_reaches_the_service_as_its_caller(
    landscape: Landscape, browse: Browse
):
    header = landscape.token("acme", "shop:write")
    async with browse(landscape.gateway()) as client:
        answer = await client.post(
            "/shop/v1/orders", json={"sku": "TEA-1"}, headers={**header, "idempotency-key": "k1"}
        )
    assert answer.status_code == 201
    assert answer.json()["subject"] == "sub-acme"
    assert answer.json()["client"] == "client-acme"
    assert len(landscape.shop.orders) == 1


async def test_a_request_without_a_token_is_told_where_to_get_one(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/shop/v1/products")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unauthenticated"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert "error=" not in challenge
    assert '/.well-known/oauth-protected-resource/shop/v1"' in challenge


@pytest.mark.parametrize(
    "header", ["Bearer nobody", "bearer nobody", "Bearer a b", "Bearer ", "Bearer é", "Bearer " + "x" * 9000]
)
async def test_a_token_that_is_not_ours_is_an_invalid_token(
    landscape: Landscape, browse: Browse, header: str
):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/shop/v1/hours", headers={b"authorization": header.encode()})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_password_in_place_of_a_token_is_refused(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/shop/v1/hours", auth=("user", "password"))
    assert answer.status_code == 401
    assert "error=" not in answer.headers["www-authenticate"]


async def test_a_missing_scope_is_named(landscape: Landscape, browse: Browse):
    header = landscape.token("reader", "shop:read")
    async with browse(landscape.gateway()) as client:
        answer = await client.post("/shop/v1/orders", json={"sku": "TEA-1"}, headers=header)
    assert answer.status_code == 403
    assert answer.json()["scope"] == "shop:write"
    assert 'error="insufficient_scope", scope="shop:write"' in answer.headers["www-authenticate"]
    assert landscape.shop.orders == []


async def test_an_operation_without_a_scope_is_open_to_anyone(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/shop/v1/hours")
    assert answer.status_code == 200
    assert answer.json() == {"number": 9}


async def test_a_known_token_is_verified_once_and_again_after_its_revocation(
    landscape: Landscape, browse: Browse
):
    header = landscape.token("acme", "shop:read")
    async with browse(landscape.gateway()) as client:
        for _ in range(3):
            assert (await client.get("/shop/v1/products", headers=header)).status_code == 200
        assert landscape.tokens.asked == 1
        del landscape.tokens.known["acme"]
        landscape.remembered.forget(jti="jti-acme")
        assert (await client.get("/shop/v1/products", headers=header)).status_code == 401


async def test_process_apis_are_for_internal_clients(landscape: Landscape, browse: Browse):
    partner = landscape.token("partner", "fulfilment:read", plan="partner")
    internal = landscape.token("internal", "fulfilment:read", plan="internal")
    async with browse(landscape.gateway()) as client:
        assert (await client.get("/fulfilment/v1/state")).status_code == 401
        refused = await client.get("/fulfilment/v1/state", headers=partner)
        assert refused.status_code == 403
        assert "internal clients" in refused.json()["detail"]
        assert (await client.get("/fulfilment/v1/state", headers=internal)).status_code == 200


async def test_system_apis_are_closed_until_the_settings_open_them(landscape: Landscape, browse: Browse):
    header = landscape.token("internal", "ledger:read", plan="internal")
    async with browse(landscape.gateway()) as client:
        refused = await client.get("/ledger/v1/balance", headers=header)
    assert refused.status_code == 403
    assert "TRIPTYCH_OPEN_SYSTEMS" in refused.json()["detail"]
    opened = landscape.settings.model_copy(update={"open_systems": "crm, ledger"})
    async with browse(landscape.gateway(settings=opened)) as client:
        assert (await client.get("/ledger/v1/balance", headers=header)).status_code == 200


async def test_an_unknown_path_version_or_service_is_a_problem_that_says_what_there_is(
    landscape: Landscape, browse: Browse
):
    async with browse(landscape.gateway()) as client:
        for path in ("/nothing", "/nothing/v1/x", "/shop", "/shop/v1", "/shop/v1/nothing", "/shop/v1/hours/"):
            answer = await client.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
        versions = await client.get("/shop/v7/hours")
    assert versions.status_code == 404
    assert "/shop/v1" in versions.json()["detail"]


async def test_a_method_that_a_path_does_not_know_gets_those_that_it_does(
    landscape: Landscape, browse: Browse
):
    async with browse(landscape.gateway()) as client:
        answer = await client.delete("/shop/v1/hours")
        options = await client.options("/shop/v1/hours")
        head = await client.head("/shop/v1/hours")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["type"] == "/problems/method-not-allowed"
    assert options.status_code == 204
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert head.status_code == 200


async def test_a_deprecated_version_says_so_on_every_answer(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answers = [await client.get("/kiosk/v1/status"), await client.get("/kiosk/v1/nothing")]
    assert [answer.status_code for answer in answers] == [200, 404]
    for answer in answers:
        assert answer.headers["deprecation"] == "@1798761600"
        assert answer.headers["sunset"] == "Fri, 31 Dec 2027 23:59:59 GMT"
        assert 'rel="deprecation"' in answer.headers["link"]
        assert 'rel="sunset"' in answer.headers["link"]
        assert '</kiosk/v2>; rel="successor-version"' in answer.headers["link"]


async def test_a_retired_version_is_gone_and_names_its_successor(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/kettle/v1/status")
    assert answer.status_code == 410
    assert answer.json()["type"] == "/problems/gone"
    assert answer.json()["migration"] == "/portal/kettle"
    assert '</kettle/v2>; rel="successor-version"' in answer.headers["link"]


async def test_a_sane_request_id_is_kept_and_any_other_replaced(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        kept = await client.get("/shop/v1/hours", headers={"x-request-id": "order-2026:0007"})
        made = await client.get("/shop/v1/hours", headers={"x-request-id": "<script>alert(1)</script>"})
        twice = await client.get(
            "/shop/v1/nothing", headers=[("x-request-id", "first-one"), ("x-request-id", "second-one")]
        )
    assert kept.headers["x-request-id"] == "order-2026:0007"
    assert len(made.headers["x-request-id"]) == 32
    assert twice.headers.get_list("x-request-id") == [twice.json()["request_id"]]


@pytest.mark.blocking("the traceback in the log is read from the source")
async def test_every_answer_carries_the_security_headers_and_one_of_each(
    landscape: Landscape, browse: Browse
):
    header = landscape.token("acme", "shop:read")
    async with browse(landscape.gateway()) as client:
        for path in ("/shop/v1/products", "/shop/v1/crash", "/nothing", "/healthz", "/shop/v1/products/NONE"):
            answer = await client.get(path, headers=header)
            for name in (
                "x-content-type-options",
                "content-security-policy",
                "cache-control",
                "x-request-id",
            ):
                assert len(answer.headers.get_list(name)) == 1, (path, name)
            assert "server" not in answer.headers


@pytest.mark.blocking("the traceback in the log is read from the source")
async def test_a_failure_inside_a_service_tells_nothing_of_it(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        answer = await client.get("/shop/v1/crash")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.blocking("the traceback in the log is read from the source")
async def test_an_application_that_fails_outright_is_a_problem_too(landscape: Landscape, browse: Browse):
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("secret detail")

    async with browse(landscape.gateway(upstreams={"shop": broken})) as client:
        answer = await client.get("/shop/v1/hours")
        absent = await client.get("/kiosk/v1/status")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert "secret" not in answer.text
    assert absent.status_code == 503


async def test_large_answers_are_compressed_for_those_who_ask(landscape: Landscape, browse: Browse):
    header = landscape.token("acme", "shop:read")
    async with browse(landscape.gateway()) as client:
        plain = await client.get("/shop/v1/catalogue", headers={**header, "accept-encoding": "identity"})
        small = await client.get("/shop/v1/hours", headers={"accept-encoding": "gzip"})
        packed = await client.get("/shop/v1/catalogue", headers={**header, "accept-encoding": "gzip, br"})
        unwanted = await client.get("/shop/v1/catalogue", headers={**header, "accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in small.headers
    assert "content-encoding" not in unwanted.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert "accept-encoding" in plain.headers["vary"]
    assert packed.headers["etag"] == "W/" + plain.headers["etag"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 4


async def test_health_and_readiness_are_told_apart(landscape: Landscape, browse: Browse):
    async def missing() -> dict[str, str]:
        return {"database": "connection refused"}

    async with browse(landscape.gateway(ready=missing)) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "missing": {"database": "connection refused"}}


async def test_the_documents_of_services_are_served_with_an_etag(landscape: Landscape, browse: Browse):
    async with browse(landscape.gateway()) as client:
        first = await client.get("/openapi/shop.v1.json")
        second = await client.get("/openapi/shop.v1.json", headers={"if-none-match": first.headers["etag"]})
        absent = await client.get("/openapi/nothing.v1.json")
    assert first.json()["openapi"].startswith("3.1")
    assert "/shop/v1/products" in first.json()["paths"]
    assert second.status_code == 304
    assert second.content == b""
    assert absent.status_code == 404
