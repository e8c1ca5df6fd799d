"""`keys`: what signs tokens."""

from triptych.cli.options import Data, Json, settings_from
from triptych.cli.output import write_facts, write_json, write_table
from triptych.cli.reaching import with_gateway


def list_keys(data: Data = None, json: Json = False) -> None:
    """List the keys that sign tokens: the next, the current, and those retired whose tokens may be valid."""
    found = with_gateway(settings_from(data=data), "keys list", lambda gateway: gateway.keys()).items
    if json:
        write_json(found)
        return
    rows = [(one.kid, one.place, one.published_at, one.signs_since, one.retires_at) for one in found]
    write_table(("kid", "place", "published", "signs since", "retires"), rows)


def rotate_keys(data: Data = None, json: Json = False) -> None:
    """Let the next key sign from now on. No valid token is refused for it.

    By itself this happens every TRIPTYCH_KEY_ROTATION_DAYS days.
    """
    settings = settings_from(data=data)
    write_facts(with_gateway(settings, "keys rotate", lambda gateway: gateway.rotate_keys()), json=json)
