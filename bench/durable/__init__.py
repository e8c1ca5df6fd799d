"""What it costs that a process survives: against the same one as coroutines, and on DBOS without us."""
