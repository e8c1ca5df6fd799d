"""Example imports: mappings for books of other companies, found through an entry point like any other."""
