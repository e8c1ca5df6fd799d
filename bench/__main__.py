"""`python -m bench [NAME …]`: every benchmark, or those that are named."""

import sys
from importlib import import_module

NAMES = [
    "calls",
    "storefront",
    "customer_360",
    "loading",
    "start",
    "events",
    "durable.throughput",
    "gateway.run",
    "gateway.slow",
    "gateway.token_endpoint",
    "gateway.limiter",
]


def main() -> None:
    """Run them one after the other."""
    for name in sys.argv[1:] or NAMES:
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
