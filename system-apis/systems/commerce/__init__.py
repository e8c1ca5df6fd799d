"""Commerce system API: the shop's catalogue, carts and web orders, whichever shop keeps them."""
