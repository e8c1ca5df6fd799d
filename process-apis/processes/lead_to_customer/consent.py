"""To what somebody said yes or no with an inquiry, kept where it is asked for before anything is written."""

from systems.marketing.contract import Marketing
from triptych.canonical.exact_keys import spellings
from triptych.canonical.leads import Inquiry
from triptych.canonical.marketing import ConsentFilter, MarketingChannel, NewConsent, latest
from triptych.contract import every


async def keep_consents(marketing: Marketing, inquiry: Inquiry) -> None:
    """Keep each word with its moment and its source; what was said without an address is of nobody."""
    if inquiry.email is None:
        return
    for said in inquiry.consents:
        await marketing.consents.create(
            NewConsent(
                email=inquiry.email,
                channel=said.channel,
                granted=said.granted,
                source=inquiry.source,
                given_at=inquiry.said_at,
            )
        )


async def refuses(marketing: Marketing, email: str) -> bool:
    """Whether the latest word of an address is a no; a word that was said earlier may be heard later."""
    words = [
        word
        for spelling in spellings(email)
        async for word in every(
            marketing.consents,
            ConsentFilter(email=spelling, channel=MarketingChannel.EMAIL, limit=200),
        )
    ]
    last = latest(words)
    return last is not None and not last.granted
