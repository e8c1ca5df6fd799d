"""Marketplace system API: listings and orders on other people's marketplaces."""
