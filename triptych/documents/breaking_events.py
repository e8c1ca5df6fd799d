"""What a change of an AsyncAPI document breaks for those who hear its events: they may only gain."""

from triptych.documents.breaking import BreakingChange
from triptych.documents.differences import Comparison
from triptych.documents.shapes import Document, resolved

_EVERYONE = "everybody who subscribed to it"


def breaking_events(old: Document, new: Document) -> list[BreakingChange]:
    """Every promise of the old document that the new one breaks; empty for one that only adds.

    Raises UnreadableDocument where a `$ref` leads nowhere.
    """
    found: list[BreakingChange] = []
    for channel, node in old.get("channels", {}).items():
        after = new.get("channels", {}).get(channel, {})
        for name, message in node["messages"].items():
            if name not in after.get("messages", {}):
                found.append(BreakingChange(name, "response", "the event is gone", _EVERYONE))
                continue
            before, now = resolved(old, message), resolved(new, after["messages"][name])
            comparison = Comparison(old, new, "response", "the event")
            found += [
                BreakingChange(name, "response", difference.what, difference.whom)
                for difference in comparison.differences(before["payload"], now["payload"])
            ]
    return found
