"""What is told of alerts, and what is said to silence them."""

from typing import Annotated, Literal

from pydantic import Field

from triptych.canonical.base import Model, Timestamp, example, the_example

Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class AlertView(Model):
    """Something that holds now and should not."""

    model_config = example(
        rule="dead-letters",
        about="",
        severity="warning",
        state="firing",
        summary="3 dead letters wait",
        value=3,
        since="2026-07-01T09:30:00Z",
        silenced=False,
        told_at="2026-07-01T09:30:02Z",
    )

    rule: str
    """The rule that found it."""
    about: str
    """What it is about: a service, a kind of process, a pair of services; empty for everything."""
    severity: Literal["info", "warning", "critical"]
    state: Literal["pending", "firing"]
    """`pending` until it has lasted as long as its rule says."""
    summary: str
    """What is the matter, in a sentence."""
    value: float
    """What was measured: a number, seconds, or a share."""
    since: Timestamp
    silenced: bool
    """Whether nobody is told at the moment."""
    told_at: Timestamp | None = None
    """When it was told last."""


class WaitingNotice(Model):
    """A notice that its channel has not taken yet."""

    model_config = example(
        id="not_01jd3k7m9vq8x2c4n6b8d0f2hg",
        channel="pager",
        made_at="2026-07-01T09:30:02Z",
        due_at="2026-07-01T09:31:06Z",
        attempts=5,
        fault="'https://pager.example/hook' answers 503, not 2xx",
    )

    id: str
    """The same in every try; webhooks carry it as `webhook-id`."""
    channel: str
    made_at: Timestamp
    due_at: Timestamp
    """When it is tried again."""
    attempts: int
    fault: str
    """Why the last try failed."""


class AlertList(Model):
    """What holds now, oldest first, and what is still to be told."""

    model_config = example(items=[the_example(AlertView)], notices=[])

    items: tuple[AlertView, ...]
    notices: tuple[WaitingNotice, ...]
    """Oldest first."""


class NewSilence(Model):
    """Of what nobody is to be told for a while."""

    model_config = example(rule="slow-calls", about="*", minutes=90, reason="Stock-taking until noon.")

    rule: Pattern
    """Name of the rule; `*` stands for anything in it."""
    about: Pattern = "*"
    """What the alert is about; `*` stands for anything in it."""
    minutes: Annotated[int, Field(ge=1, le=43_200)]
    """For how long; a month at most."""
    reason: Annotated[str, Field(min_length=3, max_length=500)]
    """Why."""


class SilenceView(Model):
    """A silence that holds."""

    model_config = example(
        id="sil_01jd3k7m9vq8x2c4n6b8d0f2hg",
        rule="slow-calls",
        about="*",
        until="2026-07-01T12:00:00Z",
        reason="Stock-taking until noon.",
        actor="usr_01jd3k7m9vq8x2c4n6b8d0f2hg",
    )

    id: str
    rule: str
    about: str
    until: Timestamp
    reason: str
    actor: str
    """Who asked for it."""


class SilenceList(Model):
    """Silences that hold, in the order in which they end."""

    model_config = example(items=[the_example(SilenceView)])

    items: tuple[SilenceView, ...]


class AlertTest(Model):
    """Where to send a test."""

    model_config = example(channel="log")

    channel: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """One channel; by default all of them."""


class AlertTested(Model):
    """Notices that were sent on their way."""

    model_config = example(notices=["not_01jd3k7m9vq8x2c4n6b8d0f2hg"])

    notices: tuple[str, ...]
    """Their ids; `GET /alerts` shows those that have not arrived."""
