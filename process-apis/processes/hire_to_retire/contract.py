"""What hire-to-retire promises."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from fastapi import Body, Query

from processes.hire_to_retire.asked import (
    Answer,
    ChangeWork,
    Decision,
    EndWork,
    EquipmentSettled,
    Fate,
    OfferWork,
    Work,
)
from processes.hire_to_retire.shown import (
    ChangeProgress,
    ChangeState,
    Equipment,
    EquipmentState,
    LeavingProgress,
    LeavingState,
    OfferProgress,
    OfferState,
    Waits,
)
from triptych.canonical.fields import Id
from triptych.contract import ProcessApi, flow, get, post
from triptych.problems import Conflict, InvalidInput, InvalidState, NotFound

__all__ = [
    "Answer",
    "ChangeProgress",
    "ChangeState",
    "ChangeWork",
    "Decision",
    "EndWork",
    "Equipment",
    "EquipmentSettled",
    "EquipmentState",
    "Fate",
    "HireToRetire",
    "LeavingProgress",
    "LeavingState",
    "OfferProgress",
    "OfferState",
    "OfferWork",
    "Waits",
    "Work",
]

APPROVE, EQUIP = "hire-to-retire:approve", "hire-to-retire:equip"
OFFER, CHANGE, LEAVING = "/offers/{offer_id}", "/changes/{change_id}", "/leavings/{leaving_id}"


class HireToRetire(ProcessApi, version=1, owner="people-operations"):
    """From an offer of work to the day on which nothing is kept of a person.

    An offer is approved, never by who asked for it, accepted in time, and becomes a colleague with an
    account, access and equipment on the first day. Changes take effect on their day, new access before the
    old one goes. Who leaves can do nothing from the end of the last day on, gives back what is ours, and is
    forgotten when the records are no longer needed.
    """

    offers = flow(
        "An offer goes to whoever approves it and to the candidate, and becomes an employee in HR.",
        pace="near-real-time",
        owner="people-operations",
        failure="Candidates wait for their offer, and begin elsewhere.",
        within=timedelta(minutes=5),
    )
    accounts = flow(
        "Accounts and groups follow from HR: made before the first day, and changed on the day of a change.",
        pace="near-real-time",
        owner="it-operations",
        failure="A new colleague cannot work; somebody keeps access that is not theirs any more.",
        within=timedelta(minutes=15),
    )
    equipment = flow(
        "What a position needs leaves the warehouse's stock for its holder, and comes back when they leave.",
        pace="near-real-time",
        owner="it-operations",
        failure="Colleagues sit without a laptop; equipment is lost that nobody asks back.",
        within=timedelta(hours=1),
    )
    revocations = flow(
        "Whoever leaves loses every access, with the end of the last day or at once.",
        pace="near-real-time",
        owner="it-operations",
        failure="A stranger reads and changes what is ours.",
        within=timedelta(minutes=1),
        share=0.999,
    )
    erasures = flow(
        "Records of former employees are erased once they need not be kept any more.",
        pace="near-real-time",
        owner="data-protection",
        failure="We keep what we must not: a fine, and a breach that reaches people long gone.",
        within=timedelta(hours=12),
    )

    @get("/waiting")
    async def waiting(
        self,
        work: Annotated[Work | None, Query(description="What waits for this.")] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    ) -> tuple[Waits, ...]:
        """What waits for somebody or for a day, the most urgent first."""
        ...

    # --- offers ---

    @post("/offers", status=202, location="/offers/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def offer_work(self, new: Annotated[OfferWork, Body()]) -> OfferProgress:
        """Offer somebody work. From now on the offer comes to its end, however many months that takes."""
        ...

    @get(OFFER, raises=[NotFound])
    async def offer(self, offer_id: Id) -> OfferProgress:
        """One offer, how far it has come, and what was done for it."""
        ...

    @post(
        f"{OFFER}/decision",
        status=202,
        location="/offers/{id}",
        scope=APPROVE,
        raises=[NotFound, InvalidState],
    )
    async def decide_offer(self, offer_id: Id, decision: Annotated[Decision, Body()]) -> OfferProgress:
        """Approve an offer, or not; forbidden to who asked for it."""
        ...

    @post(f"{OFFER}/answer", status=202, location="/offers/{id}", raises=[NotFound, InvalidState])
    async def answer_offer(self, offer_id: Id, answer: Annotated[Answer, Body()]) -> OfferProgress:
        """Note what the candidate says."""
        ...

    @post(f"{OFFER}/cancel", status=202, location="/offers/{id}", raises=[NotFound, InvalidState])
    async def cancel_offer(self, offer_id: Id) -> OfferProgress:
        """Withdraw an offer, and undo what came of it. Impossible from the first day on."""
        ...

    @get(f"{OFFER}/events", raises=[NotFound])
    def follow_offer(self, offer_id: Id, last_event_id: str = "") -> AsyncIterator[OfferProgress]:
        """The offer now, and again after each change, until it has come to its end."""
        ...

    # --- changes ---

    @post("/changes", status=202, location="/changes/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def change_work(self, new: Annotated[ChangeWork, Body()]) -> ChangeProgress:
        """Change somebody's role, manager, department or location from a day on; one change on a day."""
        ...

    @get(CHANGE, raises=[NotFound])
    async def change(self, change_id: Id) -> ChangeProgress:
        """One change, and how far it has come."""
        ...

    @post(
        f"{CHANGE}/decision",
        status=202,
        location="/changes/{id}",
        scope=APPROVE,
        raises=[NotFound, InvalidState],
    )
    async def decide_change(self, change_id: Id, decision: Annotated[Decision, Body()]) -> ChangeProgress:
        """Approve a change, or not; forbidden to who asked for it."""
        ...

    @post(f"{CHANGE}/cancel", status=202, location="/changes/{id}", raises=[NotFound, InvalidState])
    async def cancel_change(self, change_id: Id) -> ChangeProgress:
        """Call a change off. Impossible once it takes effect."""
        ...

    # --- leavings ---

    @post("/leavings", status=202, location="/leavings/{id}", raises=[InvalidInput, Conflict], timeout=15)
    async def end_work(self, new: Annotated[EndWork, Body()]) -> LeavingProgress:
        """Note that somebody leaves; one who is dismissed can be locked out at once."""
        ...

    @get(LEAVING, raises=[NotFound])
    async def leaving(self, leaving_id: Id) -> LeavingProgress:
        """One leaving, and how far it has come, until nothing is kept."""
        ...

    @post(
        f"{LEAVING}/decision",
        status=202,
        location="/leavings/{id}",
        scope=APPROVE,
        raises=[NotFound, InvalidState],
    )
    async def decide_leaving(self, leaving_id: Id, decision: Annotated[Decision, Body()]) -> LeavingProgress:
        """Approve a leaving, or not; forbidden to who entered it."""
        ...

    @post(
        f"{LEAVING}/equipment",
        status=202,
        location="/leavings/{id}",
        scope=EQUIP,
        raises=[NotFound, InvalidState],
    )
    async def settle_equipment(
        self, leaving_id: Id, settled: Annotated[EquipmentSettled, Body()]
    ) -> LeavingProgress:
        """Take a piece of equipment back, or write it off."""
        ...

    @post(f"{LEAVING}/cancel", status=202, location="/leavings/{id}", raises=[NotFound, InvalidState])
    async def cancel_leaving(self, leaving_id: Id) -> LeavingProgress:
        """Note that somebody stays. Impossible once the last day is over."""
        ...

    @get(f"{LEAVING}/events", raises=[NotFound])
    def follow_leaving(self, leaving_id: Id, last_event_id: str = "") -> AsyncIterator[LeavingProgress]:
        """The leaving now, and again after each change, until it has come to its end."""
        ...
