"""What a customer is told as it happens: a stream of news that can be taken up again where it broke off."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping

from experiences.storefront.views import News
from systems.billing.contract import Billing
from systems.erp.contract import Erp
from systems.support.contract import Support
from triptych.events.log import EventLog, Logged
from triptych.problems import FieldError, InvalidInput, QuotaExceeded

WINDOWS = 5
"""Streams that one customer may have open at once."""
LONGEST = 600.0
"""Seconds after which a stream ends, and is asked for again with a token that is still good."""

TOLD: Mapping[str, str] = {
    Erp.order_confirmed.type: "order-confirmed",
    Erp.order_shipped.type: "order-shipped",
    Erp.order_fulfilled.type: "order-completed",
    Erp.order_cancelled.type: "order-cancelled",
    Billing.invoice_issued.type: "invoice-issued",
    Billing.invoice_paid.type: "invoice-paid",
    Billing.refund_made.type: "refund-made",
    Support.ticket_solved.type: "ticket-solved",
}
"""The events that customers are told of, in the words of the shop."""


class CustomerNews:
    """The open streams of this process."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._open = Counter[str]()

    async def follow(self, customer: str, last_event_id: str) -> AsyncGenerator[News]:
        """The place from which on there is news, then the news.

        Raises InvalidInput for a place that is none, QuotaExceeded when too many streams are open already.
        """
        place = await self._place(last_event_id)
        if self._open[customer] >= WINDOWS:
            raise QuotaExceeded(f"You have {WINDOWS} streams open already; close one.", retry_after=10.0)
        self._open[customer] += 1
        try:
            yield News(event_id=place, kind="here")
            ends = asyncio.get_running_loop().time() + LONGEST
            async for logged in self._log.follow(customer, place, ends):
                if logged.event.type in TOLD:
                    yield _news(logged)
        finally:
            self._open[customer] -= 1
            if not self._open[customer]:
                del self._open[customer]

    async def _place(self, last_event_id: str) -> int:
        if not last_event_id:
            return await self._log.last()
        if last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 19:
            return int(last_event_id)
        detail = "is no id of an event of this stream: send the last one that you got, or none"
        raise InvalidInput(
            f"Last-Event-ID {detail}.", errors=[FieldError(pointer="Last-Event-ID", detail=detail)]
        )


def _news(logged: Logged) -> News:
    event = logged.event
    return News(event_id=logged.number, kind=TOLD[event.type], about=event.subject, at=event.time)
