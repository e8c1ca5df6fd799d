"""Small texts for pages: descriptions with code and paragraphs, and JSON and shell with colours."""

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`\n]+)`")
_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?P<word>\b(?:true|false|null)\b)"
)
_SHELL = re.compile(
    r"(?P<variable>\$[A-Z_]+)|(?P<key>(?<=\s)-{1,2}[A-Za-z]+\b)|(?P<word>^curl\b)|(?P<string>\"[^\"\n]*\"|'[^']*')"
)


def inline(text: str) -> Markup:
    """One line; what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def prose(text: str) -> Markup:
    """Paragraphs, separated by empty lines."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(inline(part)) for part in paragraphs)


def json_marked(text: str) -> Markup:
    """JSON with its keys, strings, numbers and words marked."""
    return _marked(_JSON, text)


def shell_marked(text: str) -> Markup:
    """A curl command with its options, strings and variables marked."""
    return _marked(_SHELL, text)


def _marked(pattern: re.Pattern[str], text: str) -> Markup:
    parts, last = list[Markup](), 0
    for found in pattern.finditer(text):
        parts.append(escape(text[last : found.start()]))
        parts.append(Markup('<span class="{}">{}</span>').format(found.lastgroup, found.group()))
        last = found.end()
    parts.append(escape(text[last:]))
    return Markup("").join(parts)
