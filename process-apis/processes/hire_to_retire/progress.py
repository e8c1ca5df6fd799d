"""What processes say of where an offer, a change and a leaving stand, in the words of the contract."""

from processes.hire_to_retire.shown import (
    ChangeProgress,
    ChangeState,
    Equipment,
    EquipmentState,
    LeavingProgress,
    LeavingState,
    OfferProgress,
    OfferState,
)
from processes.hire_to_retire.working import Changing, Equipping, Hiring, Leave
from triptych.engine import ProcessStatus, told


def offer_progress(state: Hiring, status: ProcessStatus) -> OfferProgress:
    """The offer as those who hire see it."""
    return OfferProgress(
        **told(status, OfferState),
        reference=state.reference,
        requested_by=state.requested_by,
        approved_by=state.approved_by,
        starts_on=state.starts_on,
        answer_by=state.answer_by,
        employee_id=state.employee_id,
        formerly_until=state.formerly_until,
        account_id=state.account_id,
    )


def equipment(state: Equipping, status: ProcessStatus) -> Equipment:
    """What a new colleague is given."""
    return Equipment(
        status=EquipmentState(status.state),
        missing=tuple(article.sku for article in state.missing),
        handed_out=state.handouts,
        reminders=state.reminders,
    )


def change_progress(state: Changing, status: ProcessStatus) -> ChangeProgress:
    """The change as those who asked for it see it."""
    return ChangeProgress(
        **told(status, ChangeState),
        employee_id=state.employee_id,
        requested_by=state.requested_by,
        approved_by=state.approved_by,
        takes_effect_on=state.takes_effect_on,
        granted=state.granted,
        revoked=state.revoked,
    )


def leaving_progress(state: Leave, status: ProcessStatus) -> LeavingProgress:
    """The leaving as HR, IT and the data protection officer see it."""
    return LeavingProgress(
        **told(status, LeavingState),
        employee_id=state.employee_id,
        requested_by=state.requested_by,
        approved_by=state.approved_by,
        last_day=state.last_day,
        reason=state.reason,
        at_once=state.at_once,
        revoked_at=state.revoked_at,
        open_items=state.items[state.settled :],
        reminders=state.reminders,
        kept_until=state.kept_until,
        came_back=state.came_back,
        erasure_id=state.erasure_id,
        erased=state.erased,
    )
