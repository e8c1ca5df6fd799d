"""What leads are written while nobody has decided about them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One mailing."""

    subject: str
    body: str


LETTERS = (
    Letter(
        "Thank you for asking",
        "Hello {name},\n\nthank you for your interest. Tell us what you need, and when: an answer to this "
        "mail is enough.",
    ),
    Letter(
        "Shall we send you samples?",
        "Hello {name},\n\nmany who asked what you asked wanted to taste first. Shall we send you samples?",
    ),
    Letter(
        "Are we still of use to you?",
        "Hello {name},\n\nwe have not heard from you, and this is the last time that we ask by ourselves. "
        "An answer is enough, today or later.",
    ),
)
"""In this order, one at a time; the last word of each is the mailing system's, with the way out of it."""
