"""Inventory-availability process API: how many of a product can be promised, over all locations."""
