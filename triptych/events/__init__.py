"""Events between services: published with what they tell of, logged, told once to each subscriber."""

from triptych.events.announced import Announced, announcing
from triptych.events.publishing import Events

__all__ = ["Announced", "Events", "announcing"]
