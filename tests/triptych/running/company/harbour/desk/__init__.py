"""Desk experience API: what a ship's captain asks."""
