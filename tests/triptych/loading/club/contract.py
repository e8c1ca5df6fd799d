"""What the club system API promises."""

from enum import StrEnum
from typing import Annotated

from fastapi import Query
from pydantic import Field

from triptych.canonical.base import Entity, Model, New, Timestamp
from triptych.canonical.fields import Code, Flag, Id, Name, Quantity, Rate
from triptych.canonical.moments import Day
from triptych.canonical.money import Amount
from triptych.canonical.party import Address
from triptych.contract import Collection, Creatable, Filter, SystemApi, post
from triptych.problems import InvalidState, NotFound


class NewMember(New):
    """What can be given of a member."""

    number: Code
    name: Name
    sponsor_id: Id | None = None
    joined_on: Day | None = None
    seen_at: Timestamp | None = None
    address: Address | None = None
    tags: tuple[Code, ...] = ()
    fee: Amount | None = None
    share: Rate | None = None
    active: Flag = True


class Member(NewMember, Entity, prefix="mem"):
    """Somebody in the club."""


class MemberFilter(Filter):
    """Which members."""

    number: Code | None = None
    sponsor_id: Id | None = None


class VisitStatus(StrEnum):
    """How far a visit has come."""

    PLANNED = "planned"
    BEGUN = "begun"
    OVER = "over"


class Drink(Model):
    """One line of a visit."""

    what: Code
    how_many: Quantity
    price: Amount | None = None


class NewVisit(New):
    """What can be given of a visit."""

    number: Code
    member_id: Id
    drinks: Annotated[tuple[Drink, ...], Field(max_length=50)] = ()


class Visit(NewVisit, Entity, prefix="vis"):
    """A visit; a drink without a price is given the house's."""

    status: VisitStatus = VisitStatus.PLANNED


class VisitFilter(Filter):
    """Which visits."""

    number: Annotated[tuple[Code, ...], Field(min_length=1)] | None = None
    status: VisitStatus | None = None


class Club(SystemApi, version=1, owner="committee"):
    """Members and visits."""

    members: Collection[Member, NewMember, MemberFilter]
    visits: Creatable[Visit, NewVisit, VisitFilter]

    @post("/visits/{visit_id}/begin", raises=[NotFound, InvalidState])
    async def begin_visit(self, visit_id: Id) -> Visit:
        """Let them in."""
        ...

    @post("/visits/{visit_id}/end", raises=[NotFound, InvalidState])
    async def end_visit(self, visit_id: Id) -> Visit:
        """Say goodbye."""
        ...

    @post("/close")
    async def close(self, calls: Annotated[int, Query(ge=0)]) -> None:
        """Make no more members before so many attempts."""
        ...
