"""The front door: OAuth, rate limits, versions, and the way in to every service."""
