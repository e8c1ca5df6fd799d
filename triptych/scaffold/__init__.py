"""Writes the first files of a new service: a contract, an implementation and a test that run as they are."""
