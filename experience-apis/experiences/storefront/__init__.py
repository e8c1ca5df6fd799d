"""Storefront experience API: what a shop's front page needs, for guests and for those who signed in."""
