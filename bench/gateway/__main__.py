"""`python -m bench.gateway`: this one alone."""

from bench.gateway.run import main

main()
