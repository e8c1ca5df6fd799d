"""A sentence as it is told and drawn: its lines in order, and a diagram of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from triptych.canonical.base import Model, example, the_example
from triptych.engine.database import version_of
from triptych.engine.saga import Saga
from triptych.engine.sentence import Part, Repeat, Step, Wait


class OutlineLine(Model):
    """One line of a sentence."""

    model_config = example(line="reserve", kind="step", undone=True, reaches="reserved")

    line: str
    """Its name: that of the step, of what is waited for, or of the repetition."""
    kind: Literal["step", "wait", "repeat"]
    """`repeat` stands before the lines that are followed again and again."""
    within: str | None = None
    """The repetition that it belongs to."""
    undone: bool = False
    """Whether it has an undo."""
    final: bool = False
    """Whether the process can no longer be cancelled from its beginning on."""
    optional: bool = False
    """Whether the process goes on although it failed, or although nobody answered in time."""
    conditional: bool = False
    """Whether it is left out where the state says that it is not needed."""
    reminders: int = 0
    """How often somebody is reminded of what is waited for."""
    meanwhile: str | None = None
    """The state that the process is in while it waits."""
    reaches: str | None = None
    """The state that it is in afterwards."""


class Outline(Model):
    """The sentence of one version of a kind of process."""

    model_config = example(
        flow="order-to-fulfillment.fulfil",
        version=1,
        begins="accepted",
        lines=[the_example(OutlineLine)],
        diagram='flowchart TD\n  begin(["accepted"]) --> reserve["reserve"]',
    )

    flow: str
    """The kind: `order-to-fulfillment.fulfil`."""
    version: int
    begins: str
    """The state of a process that has begun."""
    lines: tuple[OutlineLine, ...]
    """What is done and waited for, in order."""
    diagram: str
    """The same as a Mermaid flowchart."""


def outline_of(saga: Saga[Any]) -> Outline:
    """The outline of a kind of process, from its sentence."""
    lines = tuple(_lines(saga.sentence, None))
    drawn = "\n".join(_drawn(saga.begins, lines))
    flow, version = version_of(saga.flow)
    return Outline(flow=flow, version=version, begins=saga.begins, lines=lines, diagram=drawn)


def _lines(parts: Sequence[Part[Any]], within: str | None) -> Iterator[OutlineLine]:
    for part in parts:
        if isinstance(part, Repeat):
            yield OutlineLine(line=part.name, kind="repeat", reaches=part.reaches)
            yield from _lines(part.lines, part.name)
        elif isinstance(part, Wait):
            yield OutlineLine(
                line=part.name,
                kind="wait",
                within=within,
                optional=part.late is not None,
                conditional=part.when is not None,
                reminders=part.reminders.times if part.reminders else 0,
                meanwhile=part.meanwhile,
                reaches=part.reaches,
            )
        else:
            yield _step(part, within)


def _step(step: Step[Any], within: str | None) -> OutlineLine:
    return OutlineLine(
        line=step.name,
        kind="step",
        within=within,
        undone=step.undo is not None,
        final=step.final,
        optional=step.optional,
        conditional=step.when is not None,
        reaches=step.reaches,
    )


def _drawn(begins: str, lines: Sequence[OutlineLine]) -> Iterator[str]:
    """Mermaid: what is done goes down; what is undone goes back beside it, the last line first."""
    yield "flowchart TD"
    yield f'  begin(["{begins}"])'
    yield from (f"  do-{line.line}{_box(line)}" for line in lines)
    end = next((line.reaches for line in reversed(lines) if line.reaches and not line.within), "completed")
    yield f'  done(["{end}"])'
    yield from (
        f"  {before} --{f' {label} --' if label else ''}> {after}" for before, label, after in _ways(lines)
    )
    yield from _undoing(lines)
    yield from (f"  style do-{line.line} stroke-width:4px" for line in lines if line.final)


def _ways(lines: Sequence[OutlineLine]) -> Iterator[tuple[str, str, str]]:
    """From which line to which, and when; after the last line of a repetition back to it."""
    before, label, turn = "begin", "", None
    for line in lines:
        here = f"do-{line.line}"
        if turn is not None and line.within is None:
            yield before, "", turn
            before, label, turn = turn, "no", None
        yield before, label, here
        before, label = here, ""
        if line.kind == "repeat":
            label, turn = "yes", here
    if turn is not None:
        yield before, "", turn
        before, label = turn, "no"
    yield before, label, "done"


def _undoing(lines: Sequence[OutlineLine]) -> Iterator[str]:
    """What is undone when something is refused, or the process is cancelled: the last thing first."""
    last = next((at for at, line in enumerate(lines) if line.final), len(lines))
    undone = [line.line for line in lines[:last] if line.undone][::-1]
    if not undone:
        return
    yield from (f'  undo-{name}["undo {name}"]' for name in undone)
    yield "  " + " --> ".join([*(f"undo-{name}" for name in undone), 'undone(["rejected or cancelled"])'])
    yield from (f"  do-{name} -.-> undo-{name}" for name in undone)


def _box(line: OutlineLine) -> str:
    """The line's name and what is to be known of it, in the shape of its kind."""
    if line.kind == "repeat":
        return f'{{"another of {line.line}?"}}'
    notes = [line.line]
    notes += ["<i>if needed</i>"] if line.conditional else []
    notes += ["<i>may fail</i>"] if line.optional and line.kind == "step" else []
    notes += [f"{line.reminders} reminders"] if line.reminders else []
    notes += [f"<b>{state}</b>" for state in (line.meanwhile or line.reaches,) if state]
    text = "<br>".join(notes)
    return f'{{{{"{text}"}}}}' if line.kind == "wait" else f'["{text}"]'
