"""Directory system API: accounts and groups, whichever identity provider keeps them."""
