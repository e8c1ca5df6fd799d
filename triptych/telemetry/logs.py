"""Logs: one line of JSON for each event on standard error, ours and the libraries' alike.

Each line says which request, trace, process and service it belongs to; what is personal or secret is
replaced by `***`, whoever wrote it.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, Processor

from triptych.context import current
from triptych.settings import Settings

MASK = "***"
SENSITIVE = re.compile(
    r"passw|secret|token|authorization|cookie|api_?key|private_?key|credential|dsn|assertion|code_verifier"
    r"|e_?mail|phone|iban|card_?number|birth|street|address_?line|postal|(?:^|_)(?:given|family|first|last|full)_?name",
    re.IGNORECASE,
)
"""Names of fields whose values no log may show."""
_IN_TEXT = [
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), MASK),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"), MASK),  # a JWT
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {MASK}"),
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+(@)"), rf"\1{MASK}\2"),  # a password in a URL
]
"""What gives itself away inside a text."""
_QUIET = {
    "uvicorn": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "alembic": logging.WARNING,
}
"""Libraries that tell at `info` what only concerns them."""


class NamedLogger(structlog.WriteLogger):
    """Writes lines, and knows for which module."""

    def __init__(self, file: TextIO, name: str) -> None:
        super().__init__(file)
        self.name = name


def set_up(settings: Settings, process: str, stream: TextIO | None = None) -> None:
    """Let this process log as the settings say; called once, by what starts the process.

    `process` is the service, or `triptych` where all run in one.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _Origin(process),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering = _rendering(settings, out)

    def logger(name: str = "") -> NamedLogger:
        return NamedLogger(out, name)

    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=logger,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.error").addFilter(_no_cut_off)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, quiet))


def _rendering(settings: Settings, out: TextIO) -> list[Processor]:
    if settings.log_format == "console":
        plain = structlog.dev.plain_traceback
        return [redact, structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(_json)]


def _json(event: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _no_cut_off(record: logging.LogRecord) -> bool:
    """uvicorn tells in a line of requests that the end cut off; their tracebacks say no more."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class _Origin:
    """Says where a line comes from: the process, the module, and the call as far as there is one."""

    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, logger: Any, _: str, event: EventDict) -> EventDict:
        event["service"] = self._process
        record = event.get("_record")
        event["logger"] = logger.name if record is None else record.name
        return _with_call(event)


def _with_call(event: EventDict) -> EventDict:
    context = current()
    if context.request_id:
        event.setdefault("request_id", context.request_id)
    if context.traceparent:
        event.setdefault("trace_id", context.traceparent[3:35])
    return event


def redact(_: Any, __: str, event: EventDict) -> EventDict:
    """Replace what is personal or secret: by the field's name, and by its look inside a text."""
    return cast("EventDict", _redacted(event))


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, replacement in _IN_TEXT:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, MutableMapping | Mapping):
        return {
            key: MASK if isinstance(key, str) and SENSITIVE.search(key) and item else _redacted(item)
            for key, item in cast("Mapping[Any, Any]", value).items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item) for item in cast("list[Any]", value)]
    return value
