"""By which exact keys two records are of the same person or firm: e-mail, phone, company number.

Only what cannot be meant otherwise is a key. Names are none, nor is a phone number without its country, nor
a company number without a digit; who is alike but has no key in common is for people to find.
"""

import re
from typing import NamedTuple

_SIGNS = re.compile(r"[^0-9A-Za-z]")
_SHORTEST = 5


class ExactKeys(NamedTuple):
    """The keys of one record, each in its one spelling; None where there is none."""

    email: str | None
    phone: str | None
    tax_id: str | None


def exact_keys(email: str | None, phone: str | None, tax_id: str | None) -> ExactKeys:
    """The keys that a record has, in the order of their weight: an e-mail address says most exactly who."""
    return ExactKeys(
        email=email.lower() if email else None,
        phone=phone if phone and phone.startswith("+") and phone[1:].isdecimal() else None,
        tax_id=company_number(tax_id),
    )


def company_number(tax_id: str | None) -> str | None:
    """A VAT or company number without blanks and signs, in capitals: `de 123 456 789` is `DE123456789`."""
    plain = _SIGNS.sub("", tax_id or "").upper()
    return plain if len(plain) >= _SHORTEST and any(sign.isdigit() for sign in plain) else None


def spellings(email: str | None) -> tuple[str, ...]:
    """How an address may have been kept: as its key, and as somebody wrote it."""
    return tuple(dict.fromkeys((email.lower(), email))) if email else ()
