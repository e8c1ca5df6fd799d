"""Alerts are told once, in groups, until they are over; durably, signed, and to nobody inside by mistake."""

import asyncio
import email
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.triptych.operations.conftest import SECRET, Receiver, teller
from triptych.operations.alerts.ledger import AlertLedger
from triptych.operations.alerts.measuring import Finding
from triptych.operations.alerts.notices import Notice
from triptych.operations.alerts.rules import Channel, Rule, Rules
from triptych.operations.alerts.watch import Dispatch
from triptych.settings import Settings

BEGAN = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
LETTERS = Rule("letters", "dead-letters")
CIRCUITS = Rule("circuits", "circuit-open", lasting=60, severity="critical")
RULES = Rules((LETTERS, CIRCUITS), (Channel("log", log=True),), repeat=3600)


def later(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


async def told(ledger: AlertLedger, seconds: float, letters: int = 0, *circuits: str) -> list[Any]:
    """What a round makes to be told: `(firing, resolved)` of each notice."""
    found: dict[Rule, Sequence[Finding]] = {
        LETTERS: [Finding("", letters, f"{letters} wait")] if letters else [],
        CIRCUITS: [Finding(pair, 1, f"{pair} is open") for pair in circuits],
    }
    await ledger.round(RULES, found, later(seconds))
    said: list[Any] = []
    for row in await ledger.waiting():
        data = orjson.loads(row.body)["data"]
        said.append(
            tuple(
                [f"{one['rule']} {one['about']}".strip() for one in data[k]] for k in ("firing", "resolved")
            )
        )
        await ledger.taken(Notice(row.id, row.channel, row.body, row.made_at))
    return said


async def test_what_holds_is_told_once_and_again_after_a_while_and_when_it_is_over(ledger: AlertLedger):
    assert await told(ledger, 0, 3) == [(["letters"], [])]
    assert await told(ledger, 30, 4) == []
    assert await told(ledger, 3700, 4) == [(["letters"], [])]
    assert await told(ledger, 3730) == [([], ["letters"])]
    assert await told(ledger, 3760) == []
    assert await ledger.alerts() == []


async def test_what_does_not_last_is_told_to_nobody(ledger: AlertLedger):
    assert await told(ledger, 0, 0, "a → b") == []
    ((pending, _),) = await ledger.alerts()
    assert pending.state == "pending"
    assert await told(ledger, 30) == []
    assert await told(ledger, 60, 0, "a → b") == []
    assert await told(ledger, 120, 0, "a → b") == [(["circuits a → b"], [])]


async def test_what_changes_in_one_round_is_one_notice(ledger: AlertLedger):
    await told(ledger, 0, 1, "a → b", "a → c")
    assert await told(ledger, 60, 0, "a → b", "a → c") == [
        (["circuits a → b", "circuits a → c"], ["letters"])
    ]


async def test_nobody_is_told_of_what_is_silenced_until_the_silence_is_over(ledger: AlertLedger):
    silence = await ledger.silence("let*", "*", datetime.now(UTC) + timedelta(hours=1), "known", "ada")
    assert await told(ledger, 0, 3) == []
    ((_, silenced),) = await ledger.alerts()
    assert silenced
    assert await ledger.unsilence(silence.id)
    assert await told(ledger, 30, 3) == [(["letters"], [])]


async def test_what_was_silenced_all_along_is_not_told_to_be_over(ledger: AlertLedger):
    await ledger.silence("letters", "*", datetime.now(UTC) + timedelta(hours=1), "known", "ada")
    await told(ledger, 0, 3)
    assert await told(ledger, 30) == []


async def test_what_cannot_be_measured_is_neither_new_nor_over(ledger: AlertLedger):
    await told(ledger, 0, 3)
    await ledger.round(RULES, {CIRCUITS: []}, later(30))
    assert len(await ledger.alerts()) == 1
    assert await ledger.waiting() == []


def dispatch(
    ledger: AlertLedger, channel: Channel, settings: Settings | None = None, *, private: bool = True
) -> Dispatch:
    """What tells one channel."""
    return Dispatch(Rules((), (channel,)), ledger, teller(settings or Settings(), private=private))


def webhook(receiver: Receiver) -> Channel:
    return Channel("pager", f"http://127.0.0.1:{receiver.port}/hook?for=us", "HOOK_SECRET")


async def test_a_webhook_is_signed_as_standard_webhooks_has_it(ledger: AlertLedger, hook: Receiver):
    notice = Notice.test("pager", datetime.now(UTC))
    await ledger.post(notice)
    await dispatch(ledger, webhook(hook)).tell()
    ((headers, body),) = hook.got
    assert Webhook(SECRET).verify(body, headers)["type"] == "triptych.alerts.test.v1"
    assert headers["webhook-id"] == notice.id
    assert await ledger.waiting() == []


async def test_a_webhook_that_does_not_take_it_gets_the_same_one_again_after_a_pause(
    ledger: AlertLedger, hook: Receiver
):
    hook.status = 503
    await ledger.post(Notice.test("pager", datetime.now(UTC)))
    await dispatch(ledger, webhook(hook)).tell()
    await dispatch(ledger, webhook(hook)).tell()  # not yet
    (row,) = await ledger.waiting()
    assert (row.attempts, len(hook.got)) == (1, 1)
    assert "503" in row.fault
    hook.status = 200
    while await ledger.waiting():
        await dispatch(ledger, webhook(hook)).tell()  # as another process would
        await asyncio.sleep(0.1)
    first, second = (headers["webhook-id"] for headers, _ in hook.got)
    assert first == second


async def test_a_webhook_inside_our_own_network_is_not_called(ledger: AlertLedger, hook: Receiver):
    await ledger.post(Notice.test("pager", datetime.now(UTC)))
    await dispatch(ledger, webhook(hook), private=False).tell()
    (row,) = await ledger.waiting()
    assert hook.got == []
    assert "not https" in row.fault


async def test_a_notice_that_nobody_takes_for_three_days_is_given_up_aloud(
    ledger: AlertLedger, hook: Receiver, caplog: pytest.LogCaptureFixture
):
    hook.status = 500
    await ledger.post(Notice.test("pager", datetime.now(UTC) - timedelta(days=4)))
    with caplog.at_level(logging.ERROR):
        await dispatch(ledger, webhook(hook)).tell()
    assert await ledger.waiting() == []
    assert "never took notice" in caplog.text


async def test_a_mail_says_what_is_the_matter(ledger: AlertLedger, post_office: Receiver):
    await told(ledger, 0)
    channel = Channel("ops", email=("ops@example.com", "night@example.com"))
    settings = Settings().model_copy(update={"smtp_url": SecretStr(f"smtp://127.0.0.1:{post_office.port}")})
    rules = Rules((LETTERS,), (channel,))
    await ledger.round(rules, {LETTERS: [Finding("", 3, "3 dead letters wait")]}, datetime.now(UTC))
    post_office.refusing = True
    await dispatch(ledger, channel, settings).tell()
    assert post_office.mails == []
    post_office.refusing = False
    while await ledger.waiting():
        await dispatch(ledger, channel, settings).tell()
        await asyncio.sleep(0.1)
    (mail,) = post_office.mails
    message = email.message_from_string(mail)
    assert message["To"] == "ops@example.com, night@example.com"
    assert message["Subject"] == "Triptych: 1 firing (letters)"
    assert "[warning] letters: 3 dead letters wait" in str(message.get_payload())


async def test_without_a_mail_server_a_mail_waits_and_says_why(ledger: AlertLedger):
    await ledger.post(Notice.test("ops", datetime.now(UTC)))
    await dispatch(ledger, Channel("ops", email=("ops@example.com",))).tell()
    (row,) = await ledger.waiting()
    assert "TRIPTYCH_SMTP_URL" in row.fault


async def test_the_log_is_told_too(ledger: AlertLedger, caplog: pytest.LogCaptureFixture, tmp_path: Path):
    await told(ledger, 0)
    await ledger.round(RULES, {LETTERS: [Finding("", 2, "2 dead letters wait")]}, datetime.now(UTC))
    await dispatch(ledger, Channel("log", log=True)).tell()
    assert "2 dead letters wait" in caplog.text


async def test_two_replicas_tell_a_notice_once(ledger: AlertLedger, hook: Receiver):
    for _ in range(5):
        await ledger.post(Notice.test("pager", datetime.now(UTC)))
    await asyncio.gather(*(dispatch(ledger, webhook(hook)).tell() for _ in range(2)))
    assert len({headers["webhook-id"] for headers, _ in hook.got}) == len(hook.got) == 5
