"""Restocking process API: what should be bought again."""
