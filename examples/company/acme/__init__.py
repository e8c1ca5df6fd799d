"""Acme's own services on Triptych."""
