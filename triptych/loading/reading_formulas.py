"""Reads formulas: text into something that can be evaluated, and errors to the character."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from triptych.loading.formats import FORMATS, WHOLE_LISTS, Argument, Format, Transform, text
from triptych.loading.formulas import (
    LIST,
    Evaluate,
    Formula,
    FormulaError,
    PathUse,
    Reference,
    ReferenceUse,
    Tables,
    applied,
    choice,
    comparison,
    concatenation,
    constant,
    first,
    lookup,
    walk,
    whole,
)
from triptych.loading.mistakes import did_you_mean

FUNCTIONS = {"if": (3, 3), "coalesce": (1, 9)}
_WORDS: Mapping[str, Argument] = {"true": True, "false": False, "null": None}
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)(?![A-Za-z_0-9])
      |(?P<text>"[^"]*"|'[^']*')
      |(?P<quoted>`[^`]+`)
      |(?P<name>[^\W\d][\w]*|\d+[A-Za-z_]\w*)
      |(?P<sign>!=|\[\]|[|&=().,]))""",
    re.VERBOSE,
)


def parse(written: str, tables: Tables) -> Formula:
    """Read a formula; `tables` are formats too. Raises FormulaError."""
    reader = _Reader(written, tables)
    evaluate = reader.whole()
    return Formula(written, evaluate, tuple(reader.paths), tuple(reader.references))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


def _tokens(written: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(written.rstrip())
    while position < end:
        match = _TOKEN.match(written, position)
        if match is None:
            at = position + len(written[position:]) - len(written[position:].lstrip())
            quote = "close the quote" if written[at] in "\"'`" else ""
            raise FormulaError(f"{written[at]!r} cannot stand here", at, quote)
        kind = cast(str, match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        position = match.end()
    return [*found, _Token("end", "the end", end)]


class _Reader:
    """Recursive descent over the tokens, lowest precedence first."""

    def __init__(self, written: str, tables: Tables) -> None:
        self._tokens = _tokens(written)
        self._at = 0
        self._tables = tables
        self.paths: list[PathUse] = []
        self.references: list[ReferenceUse] = []

    def whole(self) -> Evaluate:
        found = self._piped()
        if self._next.kind != "end":
            raise FormulaError(f"{self._next.text!r} cannot stand here", self._next.offset)
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _sign(self, *signs: str) -> _Token | None:
        return self._take() if self._next.kind == "sign" and self._next.text in signs else None

    def _expect(self, sign: str) -> None:
        if self._sign(sign) is None:
            raise FormulaError(f"expected {sign!r}, found {self._next.text!r}", self._next.offset)

    def _piped(self) -> Evaluate:
        found = self._compared()
        while self._sign("|"):
            found = self._format(found)
        return found

    def _compared(self) -> Evaluate:
        left = self._joined()
        if sign := self._sign("=", "!="):
            return comparison(left, self._joined(), equal=sign.text == "=")
        return left

    def _joined(self) -> Evaluate:
        parts = [self._single()]
        while self._sign("&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else concatenation(parts)

    def _single(self) -> Evaluate:
        token = self._take()
        if token.kind == "text":
            return constant(token.text[1:-1])
        if token.kind == "number":
            return constant(_numeric(token.text))
        if token.kind == "sign" and token.text == "(":
            inner = self._piped()
            self._expect(")")
            return inner
        if token.kind == "name" and token.text in _WORDS:
            return constant(_WORDS[token.text])
        if token.kind == "name" and self._next.text == "(":
            return self._function(token)
        if token.kind in ("name", "quoted"):
            return self._path(token)
        raise FormulaError(f"expected a value, found {token.text!r}", token.offset)

    def _function(self, name: _Token) -> Evaluate:
        if name.text not in FUNCTIONS:
            hint = did_you_mean(name.text, FUNCTIONS)
            raise FormulaError(f"unknown function {name.text!r}", name.offset, hint)
        self._expect("(")
        parts = [self._piped()]
        while self._sign(","):
            parts.append(self._piped())
        self._expect(")")
        fewest, most = FUNCTIONS[name.text]
        if not fewest <= len(parts) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise FormulaError(f"{name.text} takes {wanted} values, found {len(parts)}", name.offset)
        return choice(*parts) if name.text == "if" else first(parts)

    def _path(self, first: _Token) -> Evaluate:
        steps = [first.text.strip("`")]
        while sign := self._sign(".", LIST):
            if sign.text == LIST:
                steps.append(LIST)
                continue
            name = self._take()
            if name.kind not in ("name", "quoted"):
                raise FormulaError(f"expected a name after '.', found {name.text!r}", name.offset)
            steps.append(name.text.strip("`"))
        self.paths.append(PathUse(tuple(steps), first.offset))
        return walk(tuple(steps))

    def _format(self, value: Evaluate) -> Evaluate:
        name = self._take()
        if name.kind != "name":
            raise FormulaError(f"expected a format after '|', found {name.text!r}", name.offset)
        arguments = self._arguments()
        if name.text == "reference":
            return self._reference(name, arguments, value)
        if name.text == "default":
            if len(arguments) != 1:
                raise FormulaError("default takes one value", name.offset)
            return first([value, constant(arguments[0])])
        if name.text in self._tables:
            return applied(lookup(name.text, self._tables[name.text]), value)
        if name.text not in FORMATS:
            known = (*FORMATS, "default", "reference", *self._tables)
            raise FormulaError(f"unknown format {name.text!r}", name.offset, did_you_mean(name.text, known))
        transform = _made(name, FORMATS[name.text], arguments)
        return whole(transform, value) if name.text in WHOLE_LISTS else applied(transform, value)

    def _arguments(self) -> list[Argument]:
        """What stands in brackets: literals, or words such as `USD` and `crm.customers`."""
        if not self._sign("("):
            return []
        found = [self._argument()]
        while self._sign(","):
            found.append(self._argument())
        self._expect(")")
        return found

    def _argument(self) -> Argument:
        token = self._take()
        if token.kind == "text":
            return token.text[1:-1]
        if token.kind == "number":
            return _numeric(token.text)
        if token.kind != "name":
            raise FormulaError(f"expected a value, found {token.text!r}", token.offset)
        if token.text in _WORDS:
            return _WORDS[token.text]
        words = [token.text]
        while self._sign("."):
            words.append(self._take().text)
        return ".".join(words)

    def _reference(self, name: _Token, arguments: list[Argument], value: Evaluate) -> Evaluate:
        words = str(arguments[0]).split(".") if len(arguments) == 1 else []
        if len(words) not in (2, 3):
            hint = "write reference(crm.customers), or reference(crm.customers.email)"
            raise FormulaError("reference takes a collection", name.offset, hint)
        target, by = ".".join(words[:2]), "".join(words[2:])
        self.references.append(ReferenceUse(target, by, name.offset))
        return applied(lambda key: Reference(target, by, text(key)), value)


def _numeric(written: str) -> int | Decimal:
    return Decimal(written) if "." in written else int(written)


def _made(name: _Token, found: Format, arguments: list[Argument]) -> Transform:
    if not found.fewest <= len(arguments) <= found.most:
        wanted = str(found.most) if found.fewest == found.most else f"{found.fewest} to {found.most}"
        detail = f"{name.text} takes {wanted} values, found {len(arguments)}"
        raise FormulaError(detail, name.offset, found.about)
    try:
        return found.make(*arguments)
    except ValueError as error:
        raise FormulaError(f"{name.text}: {error}", name.offset) from None
