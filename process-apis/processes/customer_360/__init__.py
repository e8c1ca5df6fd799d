"""Customer-360 process API: one customer as all systems together know them."""
