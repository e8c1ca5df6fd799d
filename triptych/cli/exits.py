"""How commands end: their exit codes, and what they say of errors that can be foreseen.

| code | meaning |
|------|---------|
| 0    | done |
| 1    | refused, or failed: the line on standard error says why, and what to do |
| 2    | the command was not understood |
| 3    | nothing runs, or what runs cannot be reached |
| 4    | somebody else is in the way: the data folder or the address is in use |
| 130  | interrupted by Ctrl-C |
"""

import errno
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError

DONE: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
UNREACHABLE: Final = 3
IN_USE: Final = 4
INTERRUPTED: Final = 130


NEW_THINGS = {"DiscardLetter", "EditLetter", "NewApiKey", "NewSilence", "NewClient", "NewPassword", "NewUser"}
"""Models that commands make of their arguments."""


class CommandError(Exception):
    """A command cannot do what it was asked for; the message is one line that says the next step."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        self.code = code
        super().__init__(message)


def explained(error: Exception | KeyboardInterrupt) -> tuple[str, int] | None:
    """What to say of an error, and the exit code; None for one that nobody foresaw."""
    if isinstance(error, CommandError):
        return str(error), error.code
    if isinstance(error, KeyboardInterrupt):
        return "", INTERRUPTED
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "The address is in use. Choose another with TRIPTYCH_PORT or --port.", IN_USE
    return _of_the_platform(error)


def _of_the_platform(error: Exception) -> tuple[str, int] | None:
    from pydantic import ValidationError  # only a command that failed has to wait for these
    from pydantic_settings import SettingsError

    from triptych.assembly.discovery import AssemblyError
    from triptych.documents.shapes import UnreadableDocument
    from triptych.loading import FileError, MappingError, NoMapping
    from triptych.problems import DeadlineExceeded, Problem, Unavailable
    from triptych.running.data_folder import DataFolderError, DataFolderInUse
    from triptych.running.demo_file import DemoFileError
    from triptych.running.reaching import DoesNotAnswer
    from triptych.secrets import SecretKeyError
    from triptych.serving.server import AddressInUse
    from triptych.serving.tls import TlsError
    from triptych.storage.errors import StorageError

    codes: list[tuple[tuple[type[Exception], ...], int]] = [
        ((DataFolderInUse, AddressInUse), IN_USE),
        ((DoesNotAnswer, Unavailable, DeadlineExceeded), UNREACHABLE),
        ((AssemblyError, DataFolderError, DemoFileError, SecretKeyError, StorageError, TlsError), FAILED),
        ((FileError, MappingError, NoMapping, UnreadableDocument), FAILED),
    ]
    for kinds, code in codes:
        if isinstance(error, kinds):
            return str(error), code
    if isinstance(error, Problem):
        faults = "".join(f"\n  {fault['pointer']}: {fault['detail']}" for fault in error.errors)
        return f"{error.detail}{faults}", FAILED
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}", FAILED
    if isinstance(error, ValidationError) and error.title == "Settings":
        return _settings_fault(error), FAILED
    if isinstance(error, SettingsError):
        return _unreadable_setting(error), FAILED
    if isinstance(error, ValidationError) and error.title in NEW_THINGS:
        return _faults_of_arguments(error), FAILED
    return None


def _settings_fault(error: "ValidationError") -> str:
    faults = [
        f"TRIPTYCH_{'_'.join(str(step) for step in fault['loc']).upper()}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    return "\n  ".join(["a setting is not valid; `triptych settings --help` says where they are.", *faults])


def _unreadable_setting(error: Exception) -> str:
    """pydantic names the field in quotes, and gives the parser's complaint as the cause."""
    name = str(error).partition('"')[2].partition('"')[0]
    return f"TRIPTYCH_{name.upper()} is not JSON: {error.__cause__}."


def _faults_of_arguments(error: "ValidationError") -> str:
    return "\n".join(
        f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
