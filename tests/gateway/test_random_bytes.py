"""Whatever bytes arrive, a service sees nothing, or the one request that was authorised."""

import random

from tests.gateway.conftest import Serve
from tests.gateway.landscape import Landscape
from tests.gateway.raw import get, post, statuses, talk


async def test_random_bytes_never_reach_a_service_and_never_fail_on_our_side(
    landscape: Landscape, serve_both: Serve
):
    landscape.token("acme", "shop:write")
    chance = random.Random(7)
    good = post(b"Content-Length: 15")
    async with serve_both(landscape.gateway()) as port:
        for _ in range(300):
            mangled = bytearray(good)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(mangled) - 20)
                match chance.randrange(3):
                    case 0:
                        mangled[at] = chance.randrange(256)
                    case 1:
                        del mangled[at : at + chance.randint(1, 8)]
                    case _:
                        mangled[at:at] = chance.choice([b"\r\n", b"\0", b"%2f", b" ", b":", b"\n", b"\xff"])
            answer = await talk(port, bytes(mangled), wait=0.05)
            assert not [status for status in statuses(answer) if status >= 500], bytes(mangled)
        after = await talk(port, get(b"/shop/v1/hours"))
    assert statuses(after) == [200]
    assert {order.subject for order in landscape.shop.orders} <= {"sub-acme"}
    assert {(order.sku, order.quantity) for order in landscape.shop.orders} <= {("TEA-1", 1)}
