"""What is known of a lead on its way, and what follows from it alone. Who it is stays in the CRM."""

from enum import StrEnum

from processes.lead_to_customer.contract import Outcome
from processes.lead_to_customer.shown import Points
from triptych.canonical.base import Model, Timestamp
from triptych.canonical.fields import Code, Id, Prose
from triptych.engine import Decided


class Sign(StrEnum):
    """What is heard of a lead while it is written to."""

    OPENED = "opened"
    ANSWERED = "answered"
    REFUSED = "refused"
    """It wants no more mail."""
    ASKED = "asked"
    DECIDED = "decided"


class Heard(Model):
    """That something was heard; what it says is looked up where it is kept."""

    sign: Sign
    decided: Decided | None = None


class Called(Model):
    """That the customer was called."""

    ticket_id: Id


class Prospect(Model):
    """The state of the process of one lead."""

    lead_id: Id
    inquiry_id: Id
    """The inquiry that began it."""
    source: Code
    score: int = 0
    points: tuple[Points, ...] = ()
    owner_id: Id | None = None
    mailable: bool = True
    answered: bool = False
    due: bool = True
    """Whether it is time for the next mailing."""
    next_at: Timestamp | None = None
    mailings: int = 0
    rounds: int = 0
    decided: Decided | None = None
    outcome: Outcome | None = None
    customer_id: Id | None = None
    known: bool = False
    account_id: Id | None = None
    ticket_id: Id | None = None
    reminders: int = 0

    @property
    def lost_because(self) -> Prose | None:
        """Why a person gave it up, if one did."""
        if self.decided and not self.decided.approved:
            return self.decided.reason
        return self.outcome.reason if self.outcome and not self.outcome.won else None
