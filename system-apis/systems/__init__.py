"""System APIs: each hides one source system behind canonical models."""
