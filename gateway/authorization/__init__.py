"""The authorization server: who may act in whose name (OAuth 2.1, OpenID Connect)."""
