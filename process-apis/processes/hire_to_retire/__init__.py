"""Hire-to-retire process API: from an offer of work to the day on which nothing is kept of a person."""
