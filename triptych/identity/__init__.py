"""Identity: which records of the source systems are one and the same thing, under one id of ours."""

from triptych.identity.cross_reference import MIGRATIONS, CrossReference, Native

__all__ = ["MIGRATIONS", "CrossReference", "Native"]
