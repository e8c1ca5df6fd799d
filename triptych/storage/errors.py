"""What can go wrong when storage is set up, as opposed to when a request is served."""


class StorageError(Exception):
    """Storage cannot be opened or brought up to date; the message says what to change."""
