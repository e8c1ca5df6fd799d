"""Consent, and what may be written with it: who agrees no longer is written to no more."""

from datetime import UTC, datetime

from systems.marketing.backends import MarketingBackend
from triptych.canonical.exact_keys import spellings
from triptych.canonical.mailings import (
    MAILING_TRANSITIONS,
    Mailing,
    MailingFilter,
    MailingStatus,
    NewMailing,
)
from triptych.canonical.marketing import Consent, ConsentFilter, MarketingChannel, NewConsent, latest
from triptych.contract import every
from triptych.problems import InvalidState
from triptych.storage import Ruled, moved


async def consents(backend: MarketingBackend, email: str, channel: MarketingChannel) -> bool:
    """Whether the latest word of that address on the channel is consent; silence is none."""
    said = [
        word
        for spelling in spellings(email)
        async for word in every(backend.consents, ConsentFilter(email=spelling, channel=channel, limit=200))
    ]
    last = latest(said)
    return last is not None and last.granted


class Consents(Ruled[Consent, NewConsent, ConsentFilter]):
    """Words of consent, each with its moment; an address is kept in small letters, as one person's."""

    def __init__(self, backend: MarketingBackend) -> None:
        super().__init__(backend.consents)
        self._backend = backend

    async def create(self, new: NewConsent) -> Consent:
        """Keep what somebody said, now or at the moment given; a no stops what has not gone out."""
        email = new.email.lower()
        word = await self.store.add(
            new.model_copy(update={"email": email}), given_at=new.given_at or datetime.now(UTC)
        )
        if new.channel is MarketingChannel.EMAIL and not await consents(self._backend, email, new.channel):
            await self._stop(email)
        return word

    async def _stop(self, email: str) -> None:
        queued = MailingFilter(email=email, status=MailingStatus.QUEUED, limit=200)
        found = [mailing async for mailing in every(self._backend.mailings, queued)]
        for mailing in found:
            await moved(self._backend.mailings, mailing.id, MAILING_TRANSITIONS, MailingStatus.STOPPED)


class Mailings(Ruled[Mailing, NewMailing, MailingFilter]):
    """Mailings, for those who agreed."""

    def __init__(self, backend: MarketingBackend) -> None:
        super().__init__(backend.mailings)
        self._backend = backend

    async def create(self, new: NewMailing) -> Mailing:
        """Have something written. Raises InvalidState without consent; Conflict when its number is taken."""
        email = new.email.lower()
        if not await consents(self._backend, email, MarketingChannel.EMAIL):
            raise InvalidState("Whoever has this address does not agree to be written to.")
        return await self.store.create(new.model_copy(update={"email": email}))

    async def send(self, mailing_id: str) -> Mailing:
        """Note that it goes out. Raises NotFound; InvalidState when it may not."""
        mailing = await self.store.get(mailing_id)
        if mailing.status is MailingStatus.QUEUED and not await consents(
            self._backend, mailing.email, MarketingChannel.EMAIL
        ):
            raise InvalidState("Whoever has this address agrees no longer to be written to.")
        return await moved(
            self._backend.mailings,
            mailing_id,
            MAILING_TRANSITIONS,
            MailingStatus.SENT,
            sent_at=datetime.now(UTC),
        )

    async def note(self, mailing_id: str, came: MailingStatus) -> Mailing:
        """Note what came of it; what is less than what came before changes nothing. Raises NotFound."""
        mailing = await self.store.get(mailing_id)
        if mailing.status is not MailingStatus.STOPPED and not MAILING_TRANSITIONS.allows(
            mailing.status, came
        ):
            return mailing
        return await moved(self._backend.mailings, mailing_id, MAILING_TRANSITIONS, came)
