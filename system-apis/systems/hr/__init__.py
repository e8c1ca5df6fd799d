"""HR system API: employees, positions, offers, changes and leavings, whichever system keeps the files."""
