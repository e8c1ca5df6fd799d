"""What a lead's process says of where it stands, in the words of the contract."""

from processes.lead_to_customer.prospect import Prospect
from processes.lead_to_customer.shown import LeadProgress, LeadState
from triptych.engine import ProcessStatus, told


def progress(state: Prospect, status: ProcessStatus) -> LeadProgress:
    """The lead as those who work with it see it."""
    return LeadProgress(
        **told(status, LeadState),
        source=state.source,
        score=state.score,
        points=state.points,
        owner_id=state.owner_id,
        mailings=state.mailings,
        mailable=state.mailable,
        decided_by=state.decided.by if state.decided else None,
        reason=state.lost_because,
        customer_id=state.customer_id,
        known=state.known,
        account_id=state.account_id,
        ticket_id=state.ticket_id,
    )
