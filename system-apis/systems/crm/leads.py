"""How leads come to be known, to whom they go, and how they are decided."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from systems.crm.backends import CrmBackend
from triptych.canonical.exact_keys import company_number, exact_keys, spellings
from triptych.canonical.leads import (
    LEAD_TRANSITIONS,
    Inquiry,
    InquiryFilter,
    Lead,
    LeadFilter,
    LeadStatus,
    NewInquiry,
    NewLead,
    SalesRep,
)
from triptych.contract import every
from triptych.problems import Conflict, InvalidState, NotFound
from triptych.storage import Ruled

UNDECIDED = (LeadStatus.NEW, LeadStatus.QUALIFIED)
MOST_NOTES = 10_000
"""Characters that the notes of a lead may have; inquiries keep what no longer fits."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Inquiries(Ruled[Inquiry, NewInquiry, InquiryFilter]):
    """Inquiries, each kept as it was said, of the lead that it has a key in common with."""

    def __init__(self, backend: CrmBackend) -> None:
        super().__init__(backend.inquiries)
        self._backend = backend

    async def create(self, new: NewInquiry) -> Inquiry:
        """Keep an inquiry. Raises Conflict when its number in its source stands for another one."""
        # one after the other, or two that come at once would each find no lead yet
        return await self._backend.in_turn("inquiries", lambda: self._take(new))

    async def _take(self, new: NewInquiry) -> Inquiry:
        if new.external_id and (known := await self._known(new, new.external_id)):
            return known
        lead = await self._known_lead(new)
        lead = await self._enriched(lead, new) if lead else await self._backend.leads.create(_lead(new))
        return await self.store.add(new, lead_id=lead.id, said_at=new.said_at or datetime.now(UTC))

    async def _known(self, new: NewInquiry, number: str) -> Inquiry | None:
        asked = InquiryFilter(external_id=number, source=new.source)
        for found in (await self.store.find(asked)).items:
            given = new.model_dump(exclude={"said_at"})
            if found.model_dump(include=set(given)) != given:
                raise Conflict(f"{number} of {new.source} is another inquiry: {found.id}.")
            return found
        return None

    async def _known_lead(self, new: NewInquiry) -> Lead | None:
        """The lead that is not decided and has a key in common, the weightiest one first."""
        async for lead in _with_a_key_of(self._backend, new):
            if lead.status in UNDECIDED:
                present = await self._backend.leads.get(lead.id)  # nobody decides it from here on
                if present.status in UNDECIDED:
                    return present
        return None

    async def _enriched(self, lead: Lead, new: NewInquiry) -> Lead:
        """The lead with what was not known of it; nothing that is known gives way."""
        told = _lead(new)
        names = ("company", "email", "phone", "tax_id", "country")
        changes: dict[str, Any] = {
            name: getattr(told, name) for name in names if getattr(lead, name) is None and getattr(told, name)
        }
        if new.message:
            changes["notes"] = f"{lead.notes}\n\n{told.notes}"[:MOST_NOTES] if lead.notes else told.notes
        if all(getattr(lead, name) == value for name, value in changes.items()):
            return lead
        return await self._backend.leads.save(lead, **changes)


async def _with_a_key_of(backend: CrmBackend, new: NewInquiry) -> AsyncIterator[Lead]:
    keys = exact_keys(new.email, new.phone, new.tax_id)
    asked = [LeadFilter(email=email, limit=200) for email in spellings(new.email)]
    if keys.phone:
        asked.append(LeadFilter(phone=keys.phone, limit=200))
    if keys.tax_id:
        asked.append(LeadFilter(tax_id=keys.tax_id, limit=200))
    for each in asked:
        async for lead in every(backend.leads, each):
            yield lead


def _lead(new: NewInquiry) -> NewLead:
    """What an inquiry tells of a lead, its keys in their one spelling."""
    keys = exact_keys(new.email, new.phone, new.tax_id)
    said = f"{new.source}: {new.message}"[:MOST_NOTES] if new.message else None
    return NewLead(
        name=new.name,
        company=new.company,
        email=keys.email,
        phone=new.phone,
        tax_id=company_number(new.tax_id) or new.tax_id,
        country=new.country,
        source=new.source,
        notes=said,
    )


async def assigned(backend: CrmBackend, lead_id: str, among: Sequence[str]) -> Lead:
    """Give a lead to one of these sales representatives, and answer with the lead.

    Raises NotFound; InvalidState when the lead is decided; Conflict when none of them is given leads.
    """
    lead = await backend.leads.get(lead_id)
    if lead.status not in UNDECIDED:
        raise InvalidState(f"{lead.id} is {lead.status.value}: nobody has to look after it any more.")
    if lead.owner_id in among:
        return lead
    reps = [await backend.sales_reps.get(id) for id in sorted(set(among))]
    willing = [rep for rep in reps if rep.active]
    if not willing:
        raise Conflict("None of these sales representatives is given leads.")
    owner = min(willing, key=_turn)
    await _relieve(backend, lead)
    given = await backend.leads.save(lead, owner_id=owner.id)
    await backend.sales_reps.save(owner, open_leads=owner.open_leads + 1, last_lead_at=datetime.now(UTC))
    return given


def _turn(rep: SalesRep) -> tuple[int, datetime, str]:
    """Whose turn it is: the least comes first."""
    return rep.open_leads, rep.last_lead_at or LONG_AGO, rep.id


async def decided(backend: CrmBackend, lead: Lead, to: LeadStatus, **changes: Any) -> Lead:
    """Decide a lead for good; its owner has one less to look after. Raises InvalidState."""
    LEAD_TRANSITIONS.check(lead.status, to)
    await _relieve(backend, lead)
    return await backend.leads.save(lead, status=to, **changes)


async def _relieve(backend: CrmBackend, lead: Lead) -> None:
    if lead.owner_id is None:
        return
    with suppress(NotFound):  # they may have left
        owner = await backend.sales_reps.get(lead.owner_id)
        await backend.sales_reps.save(owner, open_leads=max(0, owner.open_leads - 1))
