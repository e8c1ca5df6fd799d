"""Support system API: tickets and what is said in them, whichever help desk keeps them."""
