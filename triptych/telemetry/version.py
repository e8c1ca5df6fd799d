"""The version of the platform, read once: looking it up again would touch the disk."""

from importlib.metadata import version

VERSION = version("triptych")
