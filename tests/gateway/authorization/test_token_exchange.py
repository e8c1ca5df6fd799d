"""A client turns a token that it was called with into one to call others with: never more than before."""

from typing import Any

import httpx
import pytest

from gateway.authorization.grants.token_exchange import ACCESS_TOKEN, MOST_EXCHANGES
from gateway.authorization.registration import TOKEN_EXCHANGE
from gateway.identity import RememberedTokens
from tests.gateway.authorization.browsing import Registered
from tests.gateway.authorization.conftest import ISSUER, Answers, House
from tests.gateway.authorization.signing import Signer
from tests.gateway.authorization.test_dpop import bound, proof
from triptych.problems import InvalidInput, Unauthenticated

SHOP = f"{ISSUER}/shop/v1"
PARTNER = f"{ISSUER}/partner/v1"


async def middle(house: House, **more: Any) -> Registered:
    """A client in the middle: called by the shop, calling others."""
    special: dict[str, Any] = {"exchanges": (house.shop.client_id, house.partner.client_id), **more}
    made = await house.server.clients.add(
        "Middle",
        grants=[TOKEN_EXCHANGE, "client_credentials"],
        scopes=["storefront:read", "shop:read", "partner:read"],
        plan="internal",
        **special,
    )
    return Registered(*made)


async def exchange(
    house: House, client: Registered, token: str, headers: dict[str, str] | None = None, /, **form: Any
) -> httpx.Response:
    data = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        **form,
    }
    said = {name: value for name, value in data.items() if value is not None}
    return await house.http.post("/oauth/token", data=said, auth=client.basic, headers=headers)


def judged(house: House, answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return house.server.verifier.judge(answer.json()["access_token"])


async def ada(house: House, scope: str = "openid storefront:read storefront:write", **more: str) -> str:
    return (await house.tokens(house.shop, scope, **more))["access_token"]


async def own(house: House, client: Registered) -> str:
    return (await house.token(client, grant_type="client_credentials")).json()["access_token"]


async def test_a_client_acts_for_the_user_that_it_was_called_for(house: House):
    client = await middle(house)
    answer = await exchange(house, client, await ada(house))
    assert set(answer.json()) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert answer.json()["issued_token_type"] == ACCESS_TOKEN
    said = judged(house, answer)
    assert (said.subject, said.client_id, said.plan) == (house.ada.id, client.client_id, "internal")
    assert (said.customer_id, said.scope) == ("cus_ada", "storefront:read")
    assert said.actor == {"sub": client.client_id, "client_id": client.client_id}
    known = await house.http.post(
        "/oauth/introspect", data={"token": answer.json()["access_token"]}, auth=client.basic
    )
    assert known.json()["act"] == said.actor


async def test_who_acts_may_be_said_by_a_token_of_the_clients_own(house: House):
    client = await middle(house)
    more = {"actor_token": await own(house, client), "actor_token_type": ACCESS_TOKEN}
    said = judged(house, await exchange(house, client, await ada(house), **more))
    assert said.actor == {"sub": client.client_id, "client_id": client.client_id}
    more["actor_token"] = await own(house, house.partner)
    assert (await exchange(house, client, await ada(house), **more)).json()["error"] == "invalid_request"


async def test_a_trusted_client_is_taken_for_the_user_itself(house: House):
    client = await middle(house, impersonates=True)
    assert judged(house, await exchange(house, client, await ada(house))).actor is None


async def test_each_who_acts_is_in_the_chain_up_to_four(house: House):
    everyone: dict[str, Any] = {"exchanges": ("*",)}
    token, clients = await ada(house), [await middle(house, **everyone) for _ in range(5)]
    for client in clients[:4]:
        token = (await exchange(house, client, token)).json()["access_token"]
    actor, chain = house.server.verifier.judge(token).actor, list[str]()
    while actor is not None:
        chain.append(actor["sub"])
        actor = actor.get("act")
    assert chain == [client.client_id for client in reversed(clients[:4])]
    assert (await exchange(house, clients[4], token)).json()["error"] == "invalid_request"
    trusted = await middle(house, **everyone, impersonates=True)
    said = judged(house, await exchange(house, trusted, token))
    assert said.actor["sub"] == clients[3].client_id  # who came before cannot be rubbed out


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("storefront:read", 200),
        ("storefront:read storefront:read", 200),
        ("storefront:write", 400),
        ("shop:read", 400),
        ("storefront:read shop:read", 400),
        ("console:admin", 400),
        ("openid", 400),
        ("nonsense", 400),
    ],
)
async def test_there_is_no_scope_that_either_lacks(house: House, scope: str, status: int):
    answer = await exchange(house, await middle(house), await ada(house), scope=scope)
    assert answer.status_code == status
    assert answer.json().get("scope" if status == 200 else "error") in ("storefront:read", "invalid_scope")


async def test_without_a_scope_in_common_there_is_no_token(house: House):
    answer = await exchange(house, await middle(house), await ada(house, "openid storefront:write"))
    assert answer.json()["error"] == "invalid_scope"


async def test_the_audience_is_narrowed_and_never_widened(house: House):
    client = await middle(house)
    whole = await ada(house)
    assert judged(house, await exchange(house, client, whole, resource=SHOP)).audience == (SHOP,)
    assert judged(house, await exchange(house, client, whole, audience=SHOP)).audience == (SHOP,)
    both = await exchange(house, client, whole, audience=SHOP, resource=[PARTNER])
    assert judged(house, both).audience == (PARTNER, SHOP)
    narrow = await ada(house, "storefront:read", resource=SHOP)
    assert judged(house, await exchange(house, client, narrow)).audience == (SHOP,)
    for other in [PARTNER, ISSUER, "https://elsewhere.example", "crm"]:
        for name in ["resource", "audience"]:
            refused = await exchange(house, client, narrow, **{name: other})
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


async def test_the_new_token_ends_with_the_old_one(fresh_house: House):
    house = fresh_house
    client, token = await middle(house), await ada(house)
    house.clock.ahead += 500
    answer = await exchange(house, client, token)
    assert answer.json()["expires_in"] == 100
    house.clock.ahead += 100
    with pytest.raises(Unauthenticated):
        house.server.verifier.judge(answer.json()["access_token"])


async def test_what_is_called_back_takes_the_exchanged_token_along(house: House):
    client, tokens = await middle(house), await house.tokens(house.shop, "storefront:read")
    said = (await exchange(house, client, tokens["access_token"])).json()
    revoke = {"token": tokens["refresh_token"], "client_id": house.shop.client_id}
    await house.http.post("/oauth/revoke", data=revoke)
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(said["access_token"])
    again = await exchange(house, client, tokens["access_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


async def test_a_token_that_is_revoked_alone_ends_what_was_exchanged_for_it_and_for_that(house: House):
    client, other = await middle(house), await middle(house, exchanges=("*",))
    token = await ada(house)
    chain = [token]
    for exchanging in (client, other):
        chain.append((await exchange(house, exchanging, chain[-1])).json()["access_token"])
    remembered = RememberedTokens(house.server.verifier)
    house.server.revocations.tell(remembered.forget)
    for one in chain:
        await remembered.verify(one.encode())
    bystander = (await exchange(house, client, await ada(house))).json()["access_token"]
    await house.http.post("/oauth/revoke", data={"token": token, "client_id": house.shop.client_id})
    for one in chain:
        assert remembered.known(one.encode()) is None
        with pytest.raises(Unauthenticated, match="revoked"):
            house.server.verifier.judge(one)
    assert house.server.verifier.judge(bystander).subject == house.ada.id


async def test_revoking_an_exchanged_token_leaves_the_one_that_it_came_of(house: House):
    client, token = await middle(house), await ada(house)
    exchanged = (await exchange(house, client, token)).json()["access_token"]
    await house.http.post("/oauth/revoke", data={"token": exchanged}, auth=client.basic)
    assert house.server.verifier.judge(token).subject == house.ada.id
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(exchanged)


async def test_a_client_that_is_let_in_no_more_takes_along_what_was_exchanged_for_its_own_tokens(
    house: House,
):
    origin, client = await middle(house), await middle(house, exchanges=("*",))
    exchanged = (await exchange(house, client, await own(house, origin))).json()["access_token"]
    assert house.server.verifier.judge(exchanged).client_id == client.client_id
    await house.server.disable_client(origin.client_id)
    with pytest.raises(Unauthenticated, match="revoked"):
        house.server.verifier.judge(exchanged)


async def test_who_acts_is_told_to_the_chain_and_to_the_audit_log(house: House):
    client, other = await middle(house), await middle(house, exchanges=("*",))
    token = (await exchange(house, client, await ada(house))).json()["access_token"]
    token = (await exchange(house, other, token)).json()["access_token"]
    verified = await house.server.verifier.verify(token)
    assert verified.acting == verified.caller.acting == (other.client_id, client.client_id)
    assert (await house.server.verifier.verify(await ada(house))).acting == ()
    noted = house.audit.of("token.issued")
    assert any(facts.get("act") == house.server.verifier.judge(token).actor for facts in noted)


async def test_nobody_exchanges_a_token_without_end(house: House):
    trusted = await middle(house, exchanges=("*",), impersonates=True)
    token = await ada(house)
    for _ in range(MOST_EXCHANGES):
        token = (await exchange(house, trusted, token)).json()["access_token"]
    refused = await exchange(house, trusted, token)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


async def test_a_bound_token_is_exchanged_for_a_bound_one_only(house: House):
    client, key, mine = await middle(house), Signer.new(), Signer.new()
    flow = await house.code(house.shop, "storefront:read")
    token = (await bound(house, key, house.shop, **flow.exchange()))["access_token"]
    refused = await exchange(house, client, token)
    assert refused.json()["error"] == "invalid_dpop_proof"
    answer = await exchange(house, client, token, {"dpop": await proof(house, mine)})
    assert answer.json()["token_type"] == "DPoP"
    assert judged(house, answer).thumbprint == mine.thumbprint


async def test_only_clients_that_may_exchange_tokens(house: House):
    token = await ada(house)
    for client in [house.office, house.partner]:
        answer = await exchange(house, client, token)
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    picky = await middle(house, exchanges=(house.partner.client_id,))
    assert (await exchange(house, picky, token)).json()["error"] == "unauthorized_client"
    assert (await exchange(house, picky, await own(house, picky))).status_code == 200
    data = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}
    public = await house.http.post("/oauth/token", data={**data, "client_id": house.shop.client_id})
    assert public.status_code == 401


Fault = dict[str, Any]


@pytest.mark.parametrize(
    "fault",
    [
        {"subject_token": None},
        {"subject_token": "x"},
        {"subject_token": "e30.e30.e30"},
        {"subject_token_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"actor_token_type": ACCESS_TOKEN},
    ],
)
async def test_an_odd_request_is_refused(house: House, fault: Fault):
    answer = await exchange(house, await middle(house), await ada(house), **fault)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_refresh_and_id_tokens_are_no_subjects(house: House):
    tokens: Answers = await house.tokens(house.shop, "openid storefront:read")
    for name in ["refresh_token", "id_token"]:
        answer = await exchange(house, await middle(house), tokens[name])
        assert answer.json()["error"] == "invalid_request"


async def test_a_user_who_can_no_longer_sign_in_is_nobodys_subject(fresh_house: House):
    house = fresh_house
    client, token = await middle(house), await ada(house)
    await house.server.users.disable(house.ada.id)
    assert (await exchange(house, client, token)).json()["error"] == "invalid_request"


async def test_a_public_client_is_not_registered_for_it_nor_one_without_the_grant(house: House):
    for more in [{"grants": [TOKEN_EXCHANGE], "public": True}, {"grants": ["client_credentials"]}]:
        with pytest.raises(InvalidInput):
            await house.server.clients.add(
                "Odd", scopes=["shop:read"], plan="free", exchanges=("*",), **dict[str, Any](more)
            )
