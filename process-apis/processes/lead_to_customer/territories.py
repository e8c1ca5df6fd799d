"""Who may look after a lead."""

from collections.abc import Sequence

from triptych.canonical.leads import SalesRep

MOST = 100
"""Representatives that a lead is offered to; those with the fewest leads."""


def covering(reps: Sequence[SalesRep], country: str | None) -> tuple[str, ...]:
    """The ids of those who look after a country; else of those who look after what nobody else does."""
    willing = sorted((rep for rep in reps if rep.active), key=lambda rep: (rep.open_leads, rep.id))
    theirs = [rep.id for rep in willing if country in rep.territories]
    return tuple((theirs or [rep.id for rep in willing if not rep.territories])[:MOST])
