"""Versions on their way out, by a clock that the test moves."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from gateway.front_asgi import Gateway
from tests.gateway.conftest import Browse
from tests.gateway.landscape import Landscape, Tick
from triptych.contract import Brownout, ExperienceApi, Lifecycle, get
from triptych.serving.openapi import document
from triptych.settings import Settings

BREAK = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


class Kiosk(
    ExperienceApi,
    name="kiosk",
    version=1,
    owner="web-team",
    lifecycle=Lifecycle(
        deprecated_on=date(2026, 1, 1),
        sunset_on=date(2026, 12, 31),
        successor="/kiosk/v2",
        migration="/portal/kiosk/v1/migration",
        brownouts=(Brownout(BREAK, minutes=10), Brownout(BREAK + timedelta(days=30))),
    ),
):
    """On its way out, with breaks."""

    @get("/status", scope="")
    async def status(self) -> Tick:
        """Still there."""
        ...


@dataclass
class Clock:
    """The time of day."""

    at: datetime

    def __call__(self) -> float:
        return self.at.timestamp()


async def answered(gateway: Gateway, browse: Browse) -> httpx.Response:
    async with browse(gateway) as client:
        return await client.get("/kiosk/v1/status")


@pytest.mark.parametrize(
    ("at", "status", "retry_after"),
    [
        (BREAK - timedelta(seconds=1), 200, None),
        (BREAK, 503, "600"),
        (BREAK + timedelta(minutes=9, seconds=59.5), 503, "1"),
        (BREAK + timedelta(minutes=10), 200, None),
        (BREAK + timedelta(days=30, minutes=4), 503, "60"),
        (BREAK + timedelta(days=30, minutes=5), 200, None),
    ],
)
async def test_a_brown_out_is_a_503_that_says_until_when_and_why(
    landscape: Landscape, browse: Browse, at: datetime, status: int, retry_after: str | None
) -> None:
    answer = await answered(landscape.gateway(contracts=[Kiosk], now=Clock(at)), browse)

    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
    assert 'rel="sunset"' in answer.headers["link"]
    if status == 503:
        problem = answer.json()
        assert (problem["type"], problem["migration"]) == (
            "/problems/brown-out",
            "/portal/kiosk/v1/migration",
        )
        assert problem["until"].startswith(("2026-06-01T09:10", "2026-07-01T09:05"))
        assert "which ends on 2026-12-31, takes a planned break until" in problem["detail"]


@pytest.mark.parametrize(
    ("at", "setting", "status"),
    [
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "refuse", 200),
        (datetime(2027, 1, 1, tzinfo=UTC), "refuse", 410),
        (datetime(2027, 1, 1, tzinfo=UTC), "answer", 200),
    ],
)
async def test_after_the_sunset_a_setting_says_whether_a_version_is_answered(
    landscape: Landscape, browse: Browse, at: datetime, setting: str, status: int
) -> None:
    settings = Settings(data=landscape.settings.data, sunset=setting)  # pyright: ignore[reportArgumentType] - as the environment gives it
    answer = await answered(landscape.gateway(contracts=[Kiosk], now=Clock(at), settings=settings), browse)

    assert answer.status_code == status
    assert answer.headers["sunset"] == "Thu, 31 Dec 2026 23:59:59 GMT"
    if status == 410:
        assert answer.json()["detail"] == "/kiosk/v1 has ended; it is replaced by /kiosk/v2."
        assert answer.json()["migration"] == "/portal/kiosk/v1/migration"


async def test_whatever_is_asked_of_a_retired_version_is_gone(landscape: Landscape, browse: Browse) -> None:
    async with browse(landscape.gateway()) as client:
        for path in ("/kettle/v1/status", "/kettle/v1/nothing"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["migration"]) == (410, "/portal/kettle")
            assert 'rel="deprecation"' in answer.headers["link"]


def test_breaks_are_planned_for_deprecated_versions_and_in_the_document() -> None:
    with pytest.raises(ValueError, match="a brown-out is for a deprecated version"):
        Lifecycle(brownouts=(Brownout(BREAK),))
    with pytest.raises(ValueError, match="after its deprecated_on"):
        Lifecycle(deprecated_on=date(2026, 6, 2), brownouts=(Brownout(BREAK),))
    with pytest.raises(ValueError, match="a moment with its time zone, and takes a minute at least"):
        Brownout(datetime(2026, 6, 1, 9, 0))
    with pytest.raises(ValueError, match="a minute at least"):
        Brownout(BREAK, minutes=0)
    assert document(Kiosk)["info"]["x-lifecycle"]["brownouts"] == [
        {"begins": "2026-06-01T09:00:00+00:00", "minutes": 10},
        {"begins": "2026-07-01T09:00:00+00:00", "minutes": 5},
    ]
