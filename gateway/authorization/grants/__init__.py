"""The ways to a token, one file each."""
