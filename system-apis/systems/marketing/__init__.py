"""Marketing system API: audiences, campaigns, consent and messages, whichever system sends them."""
