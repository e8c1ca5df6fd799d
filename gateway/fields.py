"""Header fields as they are on the wire."""

Headers = list[tuple[bytes, bytes]]
"""Header fields in the order of the wire; names are lower-case."""

PROBLEM_JSON = (b"content-type", b"application/problem+json")
