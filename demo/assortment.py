"""What Meridian Goods sells, at which prices, and of which there is plenty."""

from decimal import Decimal

from demo.ideas import IDEAS, Idea
from demo.sizes import PRODUCTS, at_least, dice
from triptych.canonical.money import Money
from triptych.canonical.product import NewProduct, Price

CURRENCY = "EUR"
BULK = 50
"""From so many on, tea and coffee cost a tenth less."""
FOOD = ("Tea", "Coffee", "Pantry")


def idea(number: int) -> Idea:
    """The idea behind a product; a company that is larger has later editions of the same ideas."""
    return IDEAS[number % len(IDEAS)]


def sku(number: int) -> str:
    """The product's key: `TEA-CHAI-10`, its second edition `TEA-CHAI-10-E2`."""
    edition = number // len(IDEAS) + 1
    return idea(number).sku + (f"-E{edition}" if edition > 1 else "")


def name(number: int) -> str:
    """What the product is called."""
    edition = number // len(IDEAS) + 1
    return idea(number).name + (f", edition {edition}" if edition > 1 else "")


def price(number: int) -> Money:
    """What one costs."""
    edition = number // len(IDEAS)
    return Money(amount_minor=idea(number).cents + 10 * (edition % 50), currency=CURRENCY)


def sold_out(number: int) -> bool:
    """Whether nothing is left of it."""
    return idea(number).sku == "KIT-YIXING-1"


def scarce(number: int) -> bool:
    """Whether only a few are left."""
    return idea(number).sku in ("TEA-GYOK-50", "COF-GEISHA-100", "KIT-WHISK-1")


def in_stock(number: int) -> int:
    """The product itself if there is plenty of it, else the next one before it of which there is."""
    while sold_out(number) or scarce(number):
        number -= 1
    return number


def product(number: int, supplier_id: str | None) -> NewProduct:
    """The product as the ERP keeps it."""
    found = idea(number)
    food = found.category in FOOD
    cheaper = Price(amount=price(number).times(Decimal("0.9")), min_quantity=BULK)
    return NewProduct(
        sku=sku(number),
        external_id=f"A-{1001 + number}",
        name=name(number),
        description=found.description,
        category=found.category,
        price=price(number),
        prices=(cheaper,) if food else (),
        tax_rate=Decimal("0.07" if food else "0.19"),
        unit=found.unit,
        supplier_id=supplier_id,
        reorder_level=dice("product", number).randrange(20, 60, 5),
        gtin=_gtin(number),
    )


def _gtin(number: int) -> str:
    """A GTIN-13 of the range 200 to 299, which GS1 leaves to each company's own use."""
    body = f"200{number:09}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighed % 10}"


def bought(what: str, number: int, each: int, lines: int) -> list[tuple[int, int]]:
    """A basket: so many products at most, numbers and quantities, of what there is plenty of."""
    chance = dice(what, number)
    known = at_least(PRODUCTS, number=number, each=each)
    chosen = dict.fromkeys(in_stock(chance.randrange(known)) for _ in range(chance.randint(1, lines)))
    return [(one, chance.choice((1, 1, 2, 2, 3, 4, 6))) for one in chosen]
