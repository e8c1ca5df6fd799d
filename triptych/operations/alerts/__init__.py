"""Alerts: rules over dead letters, books, calls and feeds, told once by webhook, e-mail or log."""
