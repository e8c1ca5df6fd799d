"""Companies that win leads, and may be killed at any time; the next one takes every lead up where it stands.

Run as a program it forks one for each line `[folder, count]`. One whose leads are all at their end leaves a
file `ended`.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from processes.lead_to_customer.contract import Decision, LeadState, Outcome
from systems.marketing.contract import Reaction
from tests.killing import fork_for_each_line
from tests.leads import YES, Leads
from triptych.assembly.discovery import installed
from triptych.assembly.platform import Platform
from triptych.canonical.leads import NewSalesRep, SalesRepFilter
from triptych.canonical.mailings import MailingStatus
from triptych.contract import Api
from triptych.problems import Conflict, InvalidState, NotFound
from triptych.settings import Settings

A = TypeVar("A", bound=Api)
SERVICES = {"crm", "billing", "marketing", "support", "lead-to-customer"}
REPS = 3
ENDS = (LeadState.ONBOARDED, LeadState.REJECTED)


class Here:
    """The services of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def client(self, api: type[A]) -> A:
        return self._platform.client(api, "tests")


def is_lost(number: int) -> bool:
    """Every fourth lead is given up."""
    return number % 4 == 3


async def company(folder: Path, count: int) -> None:
    """Bring so many leads to their end, all at once."""
    settings = Settings(data=folder, step_delay=0.05)
    async with Platform(settings, installed(SERVICES)) as platform:
        (folder / "ready").touch()
        clients = Here(platform)
        await hire(Leads(clients, "boss"))
        await asyncio.gather(*(bring(Leads(clients, f"n{number}"), number) for number in range(count)))
    (folder / "ended").touch()


async def hire(boss: Leads) -> None:
    """Three people who sell, whoever was hired before."""
    for number in range(REPS):
        code = f"E-{number}"
        if not (await boss.crm.sales_reps.find(SalesRepFilter(external_id=code))).items:
            with suppress(Conflict):
                await boss.crm.sales_reps.create(NewSalesRep(external_id=code, name=f"Rep {number}"))


async def bring(ada: Leads, number: int) -> None:
    """A lead that asks in two forms and comes to its end, whatever it waits for, as often as need be."""
    await ada.asks("trade-fair", external_id=f"{ada.mark}-fair", consents=YES)
    lead = await ada.asks("web", external_id=f"{ada.mark}-web", consents=YES)
    while (found := await ada.leads.lead(lead.id)).status not in ENDS:
        what = found.waiting.what.partition(".")[0] if found.waiting else ""
        with suppress(InvalidState, NotFound):  # it was done before the last company was killed
            if what == "response":
                for mailing in await ada.mailings(lead):
                    if mailing.status is MailingStatus.QUEUED:
                        await ada.reacts(lead, Reaction.ANSWERED)
            elif what == "review":
                await ada.leads.decide_lead(lead.id, Decision(qualified=True))
            elif what == "outcome":
                lost = is_lost(number)
                await ada.leads.close_lead(
                    lead.id, Outcome(won=not lost, reason="Too dear." if lost else None)
                )
            elif what == "first-contact" and found.ticket_id:
                await ada.support.solve_ticket(found.ticket_id)
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    fork_for_each_line(company)
