"""How field sales are served."""

from acme.field_sales.contract import FieldSales, Visit, VisitQuery
from acme.restocking.contract import Restocking
from systems.crm.contract import Crm
from triptych.canonical.party import CustomerFilter
from triptych.contract import Page


class FieldSalesService(FieldSales):
    """Customers are the CRM's, shortages come from restocking."""

    def __init__(self, crm: Crm, restocking: Restocking) -> None:
        self._crm = crm
        self._restocking = restocking

    async def visits(self, filter: VisitQuery) -> Page[Visit]:
        page = await self._crm.customers.find(CustomerFilter(**filter.model_dump()))
        short = len(await self._restocking.shortages())
        visits = tuple(
            Visit(customer_id=found.id, name=found.name, phone=found.phone, short=short)
            for found in page.items
        )
        return Page(items=visits, next_cursor=page.next_cursor)
