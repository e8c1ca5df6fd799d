"""How large the demo company is, and what of it exists however small or large it is made.

Everything is numbered from 0, and thing number n is the same in a company of any size. So a first start that
was cut off can be finished with another `seed_scale`. What a thing refers to must then exist in the smallest
company that has the thing itself; `at_least` counts that.
"""

import random
from decimal import ROUND_CEILING, Decimal

PRODUCTS = 40
PURCHASES = 8
CUSTOMERS = 60
LEADS = 10
QUOTES = 8
ORDERS = 24
PARTNER_ORDERS = 3
TICKETS = 12
MESSAGES = 8
LISTINGS = 12
BAZAAR_ORDERS = 4
POSITIONS = 14
EMPLOYEES = 12


def scaled(each: int, scale: float) -> int:
    """So many of `each` a company of this scale has, rounded up: 40 at scale 0.1 are 4."""
    return int((each * Decimal(str(scale))).to_integral_value(ROUND_CEILING))


def at_least(of: int, *, number: int, each: int) -> int:
    """How many of one kind (`of` at scale 1) there are wherever thing `number` of another (`each`) exists."""
    return number * of // each + 1


def dice(what: str, number: int) -> random.Random:
    """The chances of one thing, the same in every company: whatever is drawn for others."""
    return random.Random(f"{what} {number}")  # noqa: S311 - nothing here is secret
