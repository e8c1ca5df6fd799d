"""Service-desk experience API: what those need who answer customers."""
