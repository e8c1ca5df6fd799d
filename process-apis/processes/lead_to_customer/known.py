"""Whether a lead is a customer already, by exact keys."""

from systems.crm.contract import Crm
from triptych.canonical.exact_keys import exact_keys, spellings
from triptych.canonical.leads import Lead
from triptych.canonical.party import Customer, CustomerFilter, CustomerStatus
from triptych.contract import every


async def known_customer(crm: Crm, lead: Lead) -> Customer | None:
    """The customer who has the lead's e-mail address, phone or company number, in that order; the oldest."""
    keys = exact_keys(lead.email, lead.phone, lead.tax_id)
    asked = [CustomerFilter(email=email, limit=200) for email in spellings(lead.email)]
    if keys.phone:
        asked.append(CustomerFilter(phone=keys.phone, limit=200))
    if keys.tax_id:
        asked.append(CustomerFilter(tax_id=keys.tax_id, limit=200))
    for each in asked:
        async for customer in every(crm.customers, each):
            return await standing(crm, customer)
    return None


async def standing(crm: Crm, customer: Customer) -> Customer:
    """The customer that one remains as, through whatever merges."""
    while customer.status is CustomerStatus.MERGED and customer.merged_into:
        customer = await crm.customers.get(customer.merged_into)
    return customer
