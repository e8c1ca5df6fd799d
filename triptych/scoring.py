"""How promising a lead is: rules that a company declares, each of which gives or takes points."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fact = Literal[
    "source",
    "country",
    "company",
    "email-domain",
    "phone",
    "tax-id",
    "message",
    "inquiries",
    "opened",
    "answered",
]
"""What is known of a lead: `opened` and `answered` are mailings, the others are of inquiries."""

Value = Annotated[str, Field(min_length=1, max_length=200)]


class ScoringRule(BaseModel):
    """One rule: it holds when the fact is one of these values, contains one of these words, or is there.

    Capitals make no difference. A rule with neither values nor words asks how many there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What is shown where it gave its points: `known firm`."""
    fact: Fact
    """What it looks at."""
    points: Annotated[int, Field(ge=-100, le=100)]
    """What it gives, or takes."""
    one_of: tuple[Value, ...] = ()
    """The values for which it holds."""
    contains: tuple[Value, ...] = ()
    """The words for which it holds, wherever they are."""
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many different ones there have to be, where it has neither values nor words."""


FREE_MAIL = ("gmail.com", "gmx.de", "gmx.net", "hotmail.com", "outlook.com", "web.de", "yahoo.com")

RULES = (
    ScoringRule(name="known firm", fact="company", points=15),
    ScoringRule(name="company number", fact="tax-id", points=15),
    ScoringRule(name="can be called", fact="phone", points=10),
    ScoringRule(name="says what for", fact="message", points=10),
    ScoringRule(name="met or recommended", fact="source", one_of=("recommendation", "trade-fair"), points=20),
    ScoringRule(name="private address", fact="email-domain", one_of=FREE_MAIL, points=-10),
    ScoringRule(name="asked again", fact="inquiries", at_least=2, points=20),
    ScoringRule(name="opened a mailing", fact="opened", points=10),
    ScoringRule(name="answered a mailing", fact="answered", points=40),
)
"""What is scored unless settings say otherwise."""
