"""Published contracts: OpenAPI documents as files, and what a change of one breaks, for whom."""
