"""Experience APIs: each serves one audience the shape it wants."""
