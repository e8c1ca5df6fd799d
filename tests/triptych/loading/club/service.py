"""How the club system API keeps its promise."""

from tests.triptych.loading.club.contract import (
    Club,
    Member,
    MemberFilter,
    NewMember,
    NewVisit,
    Visit,
    VisitFilter,
    VisitStatus,
)
from triptych.canonical.money import Money
from triptych.problems import InvalidState, Unavailable
from triptych.storage import INDEXED, UNIQUE, Database, EmbeddedStore, entity_table

MEMBERS = entity_table("members", Member, indexed={"number": UNIQUE, "sponsor_id": INDEXED})
VISITS = entity_table("visits", Visit, indexed={"number": UNIQUE, "status": INDEXED})


class Members(EmbeddedStore[Member, NewMember, MemberFilter]):
    """Members, who can be made while the club is open."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, MEMBERS, new=NewMember, filter=MemberFilter)
        self.closed = 0

    async def create(self, new: NewMember) -> Member:
        """Make one."""
        if self.closed:
            self.closed -= 1
            raise Unavailable("The club is closed.", retry_after=0)
        return await super().create(new)


class Visits(EmbeddedStore[Visit, NewVisit, VisitFilter]):
    """Visits, whose drinks have a price."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, VISITS, new=NewVisit, filter=VisitFilter)

    async def create(self, new: NewVisit) -> Visit:
        """Make one."""
        house = Money(amount_minor=250, currency="EUR")
        drinks = [drink.model_copy(update={"price": drink.price or house}) for drink in new.drinks]
        return await self.add(new, drinks=tuple(drinks))


class ClubService(Club):
    """Members and visits in the service's own database."""

    def __init__(self, database: Database) -> None:
        self._members = self.members = Members(database)
        self._visits = self.visits = Visits(database)

    async def begin_visit(self, visit_id: str) -> Visit:
        return await self._move(visit_id, VisitStatus.PLANNED, VisitStatus.BEGUN)

    async def end_visit(self, visit_id: str) -> Visit:
        return await self._move(visit_id, VisitStatus.BEGUN, VisitStatus.OVER)

    async def close(self, calls: int) -> None:
        self._members.closed = calls

    async def _move(self, visit_id: str, old: VisitStatus, new: VisitStatus) -> Visit:
        visit = await self._visits.get(visit_id)
        if visit.status is not old:
            raise InvalidState(f"The visit is {visit.status.value}.")
        return await self._visits.save(visit, status=new)
