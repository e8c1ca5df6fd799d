"""People and firms that nobody has met, the same ones each time."""

import unicodedata
from dataclasses import dataclass

from demo.countries import COUNTRIES, Country
from demo.sizes import dice
from triptych.canonical.party import Address, Contact, NewCustomer, PartyKind

_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and where they live."""

    name: str
    email: str
    address: Address
    country: Country

    @property
    def phone(self) -> str | None:
        """Where to call."""
        return self.address.phone


def person(role: str, number: int) -> Person:
    """Person number so and so of those who are `role`: everybody is somebody else."""
    chance = dice(role, number)
    country = chance.choice(COUNTRIES)
    given, family = chance.choice(country.given.split()), chance.choice(country.family.split())
    name = f"{family} {given}" if country.code == "JP" else f"{given} {family}"
    postal_code, town = chance.choice(country.towns)
    address = Address(
        name=name,
        line1=chance.choice(country.streets).format(chance.randint(1, 99)),
        postal_code=postal_code,
        city=town,
        country=country.code,
        phone=country.phones and country.phones.format(chance.randrange(1000)),
    )
    return Person(name, f"{_mailbox(given, family) or role}{number}@post.example", address, country)


def _mailbox(*names: str) -> str:
    """The names as a mail address may have them; empty where they are not written in Latin letters."""
    return ".".join(filter(None, (_plain(name) for name in names))).lower()


def _plain(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in parts if letter.isascii() and letter.isalpha())


def is_firm(number: int) -> bool:
    """Whether a customer is a firm: every third one is, and the first one."""
    return number % 3 == 0


def firm_before(number: int) -> int:
    """The customer itself if it is a firm, else the last one before it that is."""
    return number - number % 3


def customer(number: int) -> NewCustomer:
    """Customer number so and so."""
    if number < len(REGULARS):
        return REGULARS[number]
    buyer = person("customer", number)
    if not is_firm(number):
        return NewCustomer(
            external_id=f"C-{1001 + number}",
            kind=PartyKind.PERSON,
            name=buyer.name,
            email=buyer.email,
            phone=buyer.phone,
            billing_address=buyer.address,
            segment="retail",
            language=buyer.country.language,
            currency="EUR",
        )
    name = firm("customer", number, buyer)
    return NewCustomer(
        external_id=f"C-{1001 + number}",
        kind=PartyKind.ORGANIZATION,
        name=name,
        email=f"orders@firm{number}.example",
        phone=buyer.phone,
        contacts=(Contact(name=buyer.name, role="Buyer", email=f"buyer@firm{number}.example"),),
        billing_address=buyer.address.model_copy(update={"name": name}),
        segment="wholesale",
        language=buyer.country.language,
        currency="EUR",
    )


def firm(role: str, number: int, owner: Person) -> str:
    """What a firm is called, in the language of its owner."""
    chance = dice(f"{role} firm", number)
    return chance.choice(owner.country.firms).format(chance.choice(owner.country.family.split()))


REGULARS = (
    NewCustomer(
        external_id="C-1001",
        kind=PartyKind.ORGANIZATION,
        name="ACME Trading Ltd",
        email="orders@acme.example",
        phone="+442079460958",
        contacts=(Contact(name="Wiley Fletcher", role="Head of Purchasing", email="wiley@acme.example"),),
        billing_address=Address(
            name="ACME Trading Ltd",
            line1="12 Canyon Street",
            postal_code="BS1 4DJ",
            city="Bristol",
            country="GB",
            phone="+442079460958",
        ),
        segment="partner",
        language="en-GB",
        currency="EUR",
    ),
    NewCustomer(
        external_id="C-1002",
        name="Mara Lindholm",
        email="mara.lindholm@post.example",
        phone="+46846500401",
        billing_address=Address(
            name="Mara Lindholm",
            line1="Björkvägen 7",
            postal_code="111 20",
            city="Stockholm",
            country="SE",
            phone="+46846500401",
        ),
        segment="retail",
        language="sv",
        currency="EUR",
    ),
    NewCustomer(
        external_id="C-1003",
        name="Jonas Weber",
        email="jonas.weber@post.example",
        phone="+493023125042",
        billing_address=Address(
            name="Jonas Weber",
            line1="Lindenallee 42",
            postal_code="20457",
            city="Hamburg",
            country="DE",
            phone="+493023125042",
        ),
        segment="retail",
        language="de",
        currency="EUR",
    ),
)
"""The customers that every demo company has: a partner, and two people who can sign in at the shop."""

ACME = 0
MARA = 1
JONAS = 2
