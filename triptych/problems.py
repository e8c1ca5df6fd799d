"""Every error that a Triptych service answers with, each class one problem type (RFC 9457).

What a server raises, its client raises, in every placement::

    Problem
    ├── BadRequest                      400
    │   └── IdempotencyKeyMissing       400
    ├── Unauthenticated                 401
    ├── Forbidden                       403
    ├── NotFound                        404
    ├── MethodNotAllowed                405
    ├── Conflict                        409
    │   ├── IdempotencyKeyInFlight      409
    │   ├── InvalidState                409
    │   ├── InsufficientStock           409
    │   └── PaymentDeclined             409
    ├── Gone                            410
    ├── PreconditionFailed              412
    ├── PayloadTooLarge                 413
    ├── UnsupportedMediaType            415
    ├── InvalidInput                    422
    │   └── IdempotencyKeyReused        422
    ├── PreconditionRequired            428
    ├── QuotaExceeded                   429
    ├── InternalError                   500
    ├── Unavailable                     503
    │   └── Overloaded                  503
    └── DeadlineExceeded                504
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict


class FieldError(TypedDict):
    """One thing wrong with the input: where (JSON Pointer, RFC 6901, or `?name`) and what."""

    pointer: str
    detail: str


class Problem(Exception):
    """An answer that says what went wrong. `detail` is for people, `extra` for programs."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    type_uri: ClassVar[str] = "about:blank"
    retryable: ClassVar[bool] = False
    registry: ClassVar[dict[str, type["Problem"]]] = {}

    def __init_subclass__(
        cls, status: int | None = None, retryable: bool | None = None, type_uri: str | None = None
    ) -> None:
        words = re.findall(r"[A-Z][a-z]*|[0-9]+", cls.__name__)
        cls.title = " ".join(words).capitalize()
        cls.type_uri = type_uri or "/problems/" + "-".join(words).lower()
        cls.status = cls.status if status is None else status
        cls.retryable = cls.retryable if retryable is None else retryable
        Problem.registry[cls.type_uri] = cls

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = extra

    def body(self, instance: str = "", request_id: str = "") -> dict[str, Any]:
        """The `application/problem+json` document."""
        document: dict[str, Any] = {
            "type": self.type_uri,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            document["instance"] = instance
        if request_id:
            document["request_id"] = request_id
        if self.errors:
            document["errors"] = list(self.errors)
        if self.retry_after is not None:
            document["retry_after"] = self.retry_after
        return {**document, **self.extra}

    @staticmethod
    def from_body(document: Mapping[str, Any], status: int) -> "Problem":
        """The exception that the server raised, from its answer; an unknown type keeps its status."""
        known = {"type", "title", "status", "detail", "instance", "request_id", "errors", "retry_after"}
        found = Problem.registry.get(str(document.get("type", "")))
        problem_class = found or _for_status(status)
        return problem_class(
            str(document.get("detail", "")),
            errors=document.get("errors") or (),
            retry_after=document.get("retry_after"),
            **{key: value for key, value in document.items() if key not in known},
        )


class BadRequest(Problem, status=400):
    """The request cannot be understood."""


class IdempotencyKeyMissing(BadRequest):
    """This write needs an `Idempotency-Key`, so that a repeat of it does nothing twice."""


class Unauthenticated(Problem, status=401):
    """No valid token came with the request."""


class Forbidden(Problem, status=403):
    """The token does not allow this."""


class NotFound(Problem, status=404):
    """There is no such thing, or not for this caller."""


class MethodNotAllowed(Problem, status=405):
    """The path exists, but not for this method; `Allow` names those that it has."""


class Conflict(Problem, status=409):
    """The request contradicts the present state."""


class IdempotencyKeyInFlight(Conflict, retryable=True):
    """A request with this key is still running."""


class InvalidState(Conflict):
    """The state of the thing does not allow this step."""


class InsufficientStock(Conflict):
    """Less is available than was asked for; `sku` names what was short."""


class PaymentDeclined(Conflict):
    """The payment was refused by its provider."""


class Gone(Problem, status=410):
    """This was retired; the answer links to what replaces it."""


class PreconditionFailed(Problem, status=412):
    """`If-Match` names a version that is no longer the present one."""


class PayloadTooLarge(Problem, status=413):
    """The body is larger than this operation takes."""


class UnsupportedMediaType(Problem, status=415):
    """The body is not of a media type that this operation reads."""


class InvalidInput(Problem, status=422):
    """The request is well formed, but its values are not; `errors` says where."""

    @classmethod
    def at(cls, pointer: str, detail: str) -> "InvalidInput":
        """One thing wrong, at a JSON pointer: `InvalidInput.at("/location_id", "no such location")`."""
        return cls(f"{pointer}: {detail}.", errors=[FieldError(pointer=pointer, detail=detail)])


class IdempotencyKeyReused(InvalidInput):
    """This key was used before with another payload."""


class PreconditionRequired(Problem, status=428):
    """This write needs `If-Match` with the version that it changes."""


class QuotaExceeded(
    Problem, status=429, type_uri="https://iana.org/assignments/http-problem-types#quota-exceeded"
):
    """The plan's limit is used up; `Retry-After` says for how long."""


class InternalError(Problem, status=500):
    """Something failed on our side; the request id finds it in the logs."""


class Unavailable(Problem, status=503, retryable=True):
    """The service cannot answer now."""


class Overloaded(Unavailable):
    """The service has as much work as it takes."""


class DeadlineExceeded(Problem, status=504, retryable=True):
    """No answer came in time; whether a write took effect is unknown."""


class OutcomeUnknown(Problem, status=500):
    """Whether a write took effect is unknown and cannot be found out: a person has to look for `write`."""


def _for_status(status: int) -> type[Problem]:
    direct = [found for found in Problem.__subclasses__() if found.status == status]
    if direct:
        return direct[0]
    return BadRequest if 400 <= status < 500 else InternalError
