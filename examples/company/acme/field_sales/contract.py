"""What field sales can rely on."""

from typing import Annotated

from fastapi import Query

from triptych.canonical.base import Model, example
from triptych.canonical.fields import Id, Name, PersonName, Phone
from triptych.contract import ExperienceApi, Filter, Page, get


class Visit(Model):
    """A customer to call on, and what to talk about."""

    model_config = example(
        customer_id="cus_01jd3k7m9vq8x2c4n6b8d0f2hg",
        name="Alfreds Futterkiste",
        phone="+49300074321",
        short=2,
    )

    customer_id: Id
    """Who."""
    name: PersonName
    """What they are called."""
    phone: Phone | None = None
    """Where to call."""
    short: int
    """How many products are short at the moment: do not promise them."""


class VisitQuery(Filter):
    """Whom to look for."""

    q: Name | None = None
    """A name or a part of one."""


class FieldSales(ExperienceApi, version=1, owner="acme-sales"):
    """What a salesperson on the road looks at."""

    @get("/visits")
    async def visits(self, filter: Annotated[VisitQuery, Query()]) -> Page[Visit]:
        """Customers to call on."""
        ...
