"""Writing to leads: a mailing in its time, until something is heard that ends it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from processes.lead_to_customer.letters import Letter
from processes.lead_to_customer.prospect import Heard, Prospect, Sign
from systems.crm.contract import Crm
from systems.marketing.contract import Marketing
from triptych.canonical.leads import Lead
from triptych.canonical.mailings import NewMailing
from triptych.problems import Conflict, InvalidState

MOST_ROUNDS = 50
"""Whoever asks or opens more often than this is looked at by a person."""


class Correspondence:
    """What is written to leads, over marketing, which takes nothing for those who said no."""

    def __init__(
        self, crm: Crm, marketing: Marketing, letters: tuple[Letter, ...], between: timedelta
    ) -> None:
        self._crm = crm
        self._marketing = marketing
        self._letters = letters
        self._between = between

    def worth_it(self, state: Prospect) -> bool:
        """Whether there is something left to write, or to wait for, and nothing speaks against it."""
        return (
            state.mailable
            and not state.answered
            and state.decided is None
            and state.rounds < MOST_ROUNDS
            and (state.mailings < len(self._letters) or not state.due)
        )

    def is_due(self, state: Prospect) -> bool:
        """Whether it is time for a mailing; what was heard between two of them brings none."""
        return state.due

    def is_open(self, state: Prospect) -> bool:
        """Whether something can still come back."""
        return state.mailable

    def until_next(self, state: Prospect) -> datetime | timedelta:
        """Until when an answer is waited for."""
        return state.next_at or self._between

    async def write(self, state: Prospect) -> dict[str, Any]:
        """Write the next mailing; who has no address or did not agree gets none."""
        lead = await self._crm.leads.get(state.lead_id)
        if lead.email is None or not await self._taken(lead, lead.email, state.mailings):
            return {"mailable": False}
        due = datetime.now(UTC).replace(microsecond=0) + self._between
        return {"mailings": state.mailings + 1, "due": False, "next_at": due}

    async def _taken(self, lead: Lead, email: str, number: int) -> bool:
        letter = self._letters[number]
        new = NewMailing(
            external_id=f"{lead.id}-{number + 1}",
            email=email,
            name=lead.name,
            lead_id=lead.id,
            subject=letter.subject,
            body=letter.body.format(name=lead.name),
        )
        try:
            await self._marketing.mailings.create(new)
        except InvalidState:
            return False
        except Conflict:
            return True  # it was written before, and the answer was lost
        return True

    def take_sign(self, state: Prospect, heard: Heard) -> dict[str, Any]:
        """What was heard."""
        changes: dict[str, Any] = {"rounds": state.rounds + 1}
        if heard.sign is Sign.REFUSED:
            changes["mailable"] = False
        if heard.decided:
            changes["decided"] = heard.decided
        return changes

    def hear_nothing(self, state: Prospect) -> dict[str, Any]:
        """It is time for the next mailing."""
        return {"rounds": state.rounds + 1, "due": True}
