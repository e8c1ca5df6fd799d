"""The edge front against other gateways, before the same service: what a request costs each of them."""
