"""Berths system API: where ships lie."""
