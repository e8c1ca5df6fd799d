"""Who calls what in which version, by the hour: for the console, for plans and for retiring versions."""

from gateway.usage.counting import Usage
from gateway.usage.reading import Use, used

__all__ = ["Usage", "Use", "used"]
