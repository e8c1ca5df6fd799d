"""What we write to somebody who agreed to it: mailings, each to one address, and what comes back."""

from enum import StrEnum

from triptych.canonical.base import Entity, New, Timestamp, example, example_of
from triptych.canonical.fields import Code, Email, Id, PersonalLine, PersonalProse, PersonName
from triptych.canonical.states import Transitions
from triptych.contract.values import History


class MailingStatus(StrEnum):
    """What became of a mailing, and what came of it."""

    QUEUED = "queued"
    STOPPED = "stopped"
    """Whoever it was for agreed no longer, before it went out."""
    SENT = "sent"
    OPENED = "opened"
    ANSWERED = "answered"
    UNSUBSCRIBED = "unsubscribed"


_AFTER_IT_WENT_OUT = {MailingStatus.OPENED, MailingStatus.ANSWERED, MailingStatus.UNSUBSCRIBED}

MAILING_TRANSITIONS = Transitions(
    "mailing",
    {
        # what comes back of it may come before the word that it went out
        MailingStatus.QUEUED: {MailingStatus.STOPPED, MailingStatus.SENT, *_AFTER_IT_WENT_OUT},
        MailingStatus.STOPPED: set(),
        MailingStatus.SENT: _AFTER_IT_WENT_OUT,
        MailingStatus.OPENED: {MailingStatus.ANSWERED, MailingStatus.UNSUBSCRIBED},
        MailingStatus.ANSWERED: {MailingStatus.UNSUBSCRIBED},
        MailingStatus.UNSUBSCRIBED: set(),
    },
)


class NewMailing(New):
    """What can be given of a mailing."""

    model_config = example(
        external_id="led_01jd3k7m9vq8x2c4n6b8d0f2hg-1",
        email="ana@helados.example",
        name="Ana Trujillo",
        lead_id="led_01jd3k7m9vq8x2c4n6b8d0f2hg",
        subject="Thank you for asking",
        body="We have what you asked for. Shall we send you samples?",
    )

    external_id: Code | None = None
    """Its number, under which it is written once."""
    email: Email
    """Where it goes."""
    name: PersonName | None = None
    """What the person is called."""
    lead_id: Id | None = None
    """The lead that the person is, when they are one."""
    subject: PersonalLine
    """What it is about."""
    body: PersonalProse
    """What it says."""


class Mailing(NewMailing, Entity, prefix="mlg"):
    """Something that we write to one address, with its consent (schema.org EmailMessage)."""

    model_config = example_of(NewMailing, "mlg_01jd3k7m9vq8x2c4n6b8d0f2hg", status="queued")

    status: MailingStatus = MailingStatus.QUEUED
    """What became of it."""
    sent_at: Timestamp | None = None
    """When it went out (schema.org dateSent)."""


class MailingFilter(History):
    """Which mailings to list."""

    external_id: Code | None = None
    email: Email | None = None
    lead_id: Id | None = None
    status: MailingStatus | None = None
