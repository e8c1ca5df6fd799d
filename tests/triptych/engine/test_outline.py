"""A sentence is told and drawn as it is followed."""

from tests.triptych.engine.approvals import DAYS, Sale
from tests.triptych.engine.conftest import House, OrderState, Trade
from triptych.engine import Repeat, Saga, Step
from triptych.engine.outline import Outline, outline_of
from triptych.engine.sentence import Part


def outline(steps: list[Step[OrderState]] | list[Part[OrderState]], name: str = "trade.fulfil") -> Outline:
    def nobody() -> None:
        raise AssertionError("nothing is asked of the engine")

    return outline_of(Saga(name, 3, steps, OrderState, "accepted", None, nobody))  # type: ignore[arg-type]


def test_steps_go_down_and_what_is_undone_goes_back_from_the_last_line_before_the_final_one(trade: Trade):
    found = outline(trade.sentence())
    assert (found.flow, found.version, found.begins) == ("trade.fulfil", 3, "accepted")
    assert [(line.line, line.undone, line.final) for line in found.lines] == [
        ("reserve", True, False),
        ("authorise", True, False),
        ("ship", True, True),
        ("notify", False, False),
    ]
    ways = [line.strip() for line in found.diagram.splitlines() if "-->" in line or "-.->" in line]
    assert ways == [
        "begin --> do-reserve",
        "do-reserve --> do-authorise",
        "do-authorise --> do-ship",
        "do-ship --> do-notify",
        "do-notify --> done",
        'undo-authorise --> undo-reserve --> undone(["rejected or cancelled"])',
        "do-authorise -.-> undo-authorise",
        "do-reserve -.-> undo-reserve",
    ]
    assert '  done(["completed"])' in found.diagram.splitlines()


def test_a_wait_says_in_which_state_it_is_spent(trade: Trade):
    found = outline(Sale(trade, within=DAYS).sentence())
    (wait,) = [line for line in found.lines if line.kind == "wait"]
    assert f'do-{wait.line}{{{{"' in found.diagram


def test_what_is_repeated_leads_back_to_its_beginning_and_on_once_there_is_no_more(trade: Trade):
    reserve, authorise, *_ = trade.sentence()
    parts: list[Part[OrderState]] = [
        reserve,
        Repeat("parcels", lambda _: False, [authorise, Step("send", trade.does("send"))], reaches="sent"),
    ]
    found = outline(parts)
    assert [(line.line, line.within) for line in found.lines] == [
        ("reserve", None),
        ("parcels", None),
        ("authorise", "parcels"),
        ("send", "parcels"),
    ]
    ways = [line.strip() for line in found.diagram.splitlines() if "parcels" in line and ">" in line]
    assert ways == [
        "do-reserve --> do-parcels",
        "do-parcels -- yes --> do-authorise",
        "do-send --> do-parcels",
        "do-parcels -- no --> done",
    ]


async def test_whoever_runs_none_of_them_knows_the_sentences_of_all(house: House, trade: Trade):
    async with house.open(trade.sentence()) as trading:
        expected = outline_of(trading.fulfil)
    async with house.open(trade.sentence()[:2], version=2) as trading:
        found = [one for one in await trading.engine.keeping.outlines() if one.flow == trading.fulfil.name]
    assert [one.version for one in found] == [1, 2]
    assert found[0] == expected
