"""The door for webhooks: other systems tell us what happened, and are answered before anything is done."""

from gateway.hooks.door import HookDoor

__all__ = ["HookDoor"]
