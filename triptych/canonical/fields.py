"""The kinds of fields that entities are made of, each with its bounds.

Surrounding white space is stripped from every text; then it must hold something visible and no control
characters, which PostgreSQL (NUL) and terminals cannot take. Absent is null, never the empty text. Checks
are native to pydantic's core, without a Python call, except where a text is rewritten (email, phone).
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from triptych.canonical.base import Personal
from triptych.canonical.codes import COUNTRIES, OneOf


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a bounded length and a pattern, both judged as it came; what surrounds it is stripped after."""

    longest: int
    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        judged = core_schema.str_schema(min_length=1, max_length=self.longest, pattern=self.pattern)
        return core_schema.no_info_after_validator_function(str.strip, judged)


def line(longest: int) -> Text:
    """One line of visible text, at most `longest` characters."""
    return Text(longest, r"^\s*[^\x00-\x1F\x7F]*[^\s\x00-\x1F\x7F][^\x00-\x1F\x7F]*\s*$")


def prose(longest: int) -> Text:
    """Text that may have several lines and tabs, at most `longest` characters."""
    control = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F"
    return Text(longest, rf"^[^{control}]*[^\s{control}][^{control}]*$")


Id = Annotated[str, StringConstraints(max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A canonical id, `cus_01jd3k7m9vq8x2c4n6b8d0f2hg`: our own, or that of another entity."""

Code = Annotated[str, line(64)]
"""A natural key or short code: a SKU, a customer number, an order reference, a segment."""

Ids = Annotated[tuple[Id, ...], Field(min_length=1, max_length=100)]
"""Several entities, any of which is meant: `?order_id=ord_…&order_id=ord_…`."""

Skus = Annotated[tuple[Code, ...], Field(min_length=1, max_length=100)]
"""Several stock keeping units, any of which is meant: `?sku=CHAI-10&sku=CHANG-24`."""

Name = Annotated[str, line(200)]
"""What a thing is called, or a subject: one line."""

Prose = Annotated[str, prose(10_000)]
"""A description, note or message, in several lines where it needs them."""

PersonName = Annotated[str, line(200), Personal()]
"""What a person is called."""

PersonalLine = Annotated[str, line(200), Personal()]
"""One line that tells of a person: a street and number, the subject of their question."""

PersonalCode = Annotated[str, line(64), Personal()]
"""A code that points at one person: a tax id, a postal code, a session."""

PersonalProse = Annotated[str, prose(10_000), Personal()]
"""What a person wrote, or what was written about one."""

Url = Annotated[str, Text(2000, r"^\s*https?://[^\s\x00-\x1F\x7F]+\s*$")]
"""An address on the web, http or https."""

LanguageTag = Annotated[str, StringConstraints(max_length=35, pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
"""A language, BCP 47 (RFC 5646): `de`, `pt-BR`."""

Country = Annotated[str, OneOf(COUNTRIES, "a country code of ISO 3166-1 (alpha-2)", "DE")]
"""A country, ISO 3166-1 alpha-2; `country_code` finds it by its English name."""

MOST_MEANT = 1_000_000
"""The largest quantity."""

MOST_COUNTED = 1_000_000_000
"""The largest count."""

Quantity = Annotated[int, Strict(), Field(ge=1, le=MOST_MEANT)]
"""How many are meant, at least one."""

QuantityOrZero = Annotated[int, Strict(), Field(ge=0, le=MOST_MEANT)]
"""How many are meant in all, where none is an answer too."""

Count = Annotated[int, Strict(), Field(ge=0, le=MOST_COUNTED)]
"""How many there are, possibly none."""

Flag = Annotated[bool, Strict()]
"""Yes or no."""


def _in_plain_digits(number: float | Decimal) -> Decimal:
    """The same share as it is written: no exponent, no needless zeros, no minus before zero."""
    share = number if isinstance(number, Decimal) else Decimal(repr(number))
    if not share.is_finite() or not 0 <= share <= 1 or share != share.quantize(Decimal("0.0001")):
        raise ValueError("no share of one in four decimals")
    return share.normalize().copy_abs()


class _Share:
    """Reads a share of one, exact: a text such as 0.15, or a number."""

    pattern = r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # judged as what JSON has and made a decimal after that, since a strict reader takes no text for one
        text = core_schema.str_schema(pattern=self.pattern, max_length=6)
        number = core_schema.union_schema(
            [core_schema.is_instance_schema(Decimal), core_schema.float_schema(strict=True)]
        )
        return core_schema.custom_error_schema(
            core_schema.union_schema(
                [
                    core_schema.no_info_after_validator_function(Decimal, text),
                    core_schema.no_info_after_validator_function(_in_plain_digits, number),
                ],
                mode="left_to_right",
                serialization=core_schema.to_string_ser_schema(when_used="json"),
            ),
            custom_error_type="share",
            custom_error_message="Input should be a share from 0 to 1 in at most 4 decimals, such as 0.15",
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {"type": "string", "pattern": self.pattern, "maxLength": 6}
        number = {"type": "number", "minimum": 0, "maximum": 1}
        return text if handler.mode == "serialization" else {"anyOf": [text, number]}


Rate = Annotated[Decimal, _Share()]
"""A share of one, exact: 0.15 is 15 %. Written as a text in JSON, read as a text or a number."""


def _domain_in_lower_case(address: str) -> str:
    local, _, domain = address.strip().partition("@")
    if len(local) > 64:
        raise PydanticCustomError("email", "The part before the @ should have at most 64 characters")
    return f"{local}@{domain.lower()}"


_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

Email = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=rf"^\s*{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+\s*$",
    ),
    Field(json_schema_extra={"format": "email"}),
    AfterValidator(_domain_in_lower_case),
    Personal(),
]
"""An email address (RFC 5321, without quoted forms); the domain is kept in lower case."""

_SEPARATORS = re.compile(r"[\s().\-/]")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


def _in_e164(phone: str) -> str:
    compact = _SEPARATORS.sub("", phone)
    return compact if _E164.fullmatch(compact) else phone


Phone = Annotated[str, line(40), AfterValidator(_in_e164), Personal()]
"""A phone number: in E.164 where it says its country (`+49 30 007-4321` → `+49300074321`), else as given."""

PaymentToken = Annotated[str, StringConstraints(max_length=128, pattern="^[A-Za-z][A-Za-z0-9_-]*$")]
"""A payment provider's token for a means of payment. It starts with a letter, so that no card number fits."""
