"""Process APIs: each composes system APIs into one business process."""
