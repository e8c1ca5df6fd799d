"""Tells notices to channels: a signed webhook, an e-mail, or a line in the log."""

import asyncio
import logging
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from standardwebhooks import Webhook

from triptych.calling.outside import Outside, OutsideError
from triptych.operations.alerts.notices import Notice
from triptych.operations.alerts.rules import Channel
from triptych.settings import Settings

log = logging.getLogger("triptych.alerts")
SMTP_SECONDS = 15.0


class NotTold(Exception):
    """A channel did not take a notice; the message says why."""


class Teller:
    """Tells notices. `environment` holds the secrets that channels name."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], outside: Outside) -> None:
        self._smtp = settings.smtp_url
        self._sender = settings.smtp_from
        self._environment = environment
        self._outside = outside

    async def tell(self, channel: Channel, notice: Notice) -> None:
        """Tell it. Raises NotTold."""
        if channel.webhook:
            await self._post(channel, notice)
        elif channel.email:
            await asyncio.to_thread(self._mail, channel, notice)
        else:
            subject, text = notice.said()
            log.warning("%s\n%s", subject, text, extra={"notice": notice.id})

    async def _post(self, channel: Channel, notice: Notice) -> None:
        now = datetime.now(UTC)
        try:
            signature = Webhook(self._environment[channel.secret_variable]).sign(notice.id, now, notice.body)
        except KeyError as error:
            raise NotTold(f"{channel.secret_variable} is not set") from error
        except (ValueError, RuntimeError) as error:
            raise NotTold(f"{channel.secret_variable} is no secret of the form whsec_…: {error}") from error
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        try:
            await self._outside.post(channel.webhook, notice.body.encode(), headers)
        except OutsideError as error:
            raise NotTold(str(error)) from error

    def _mail(self, channel: Channel, notice: Notice) -> None:
        if self._smtp is None:
            raise NotTold("TRIPTYCH_SMTP_URL is not set, so no mail can be sent")
        subject, text = notice.said()
        message = EmailMessage()
        message["Subject"], message["From"] = subject, self._sender
        message["To"] = ", ".join(channel.email)
        message["Message-ID"] = f"<{notice.id}@triptych.invalid>"
        message.set_content(text)
        try:
            _send(self._smtp.get_secret_value(), message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotTold(f"the mail server did not take it: {type(error).__name__}") from error


def _send(url: str, message: EmailMessage) -> None:
    """Hand a message to the server at `smtp://`, `smtps://` or `smtp+starttls://user:password@host:port`."""
    parts = urlsplit(url)
    host, trust = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SMTP_SECONDS, context=trust)
    else:
        server = smtplib.SMTP(host, parts.port or (587 if "+" in parts.scheme else 25), timeout=SMTP_SECONDS)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=trust)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
