"""HR system API: employees, positions and onboarding tasks, whichever system keeps the files."""
