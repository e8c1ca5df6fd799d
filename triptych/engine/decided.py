"""What processes wait for when a person has to decide."""

from triptych.canonical.base import Model
from triptych.canonical.fields import Name, Prose


class Decided(Model):
    """What was decided, and by whom."""

    approved: bool
    reason: Prose | None = None
    by: Name
