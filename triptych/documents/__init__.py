"""Published contracts: OpenAPI and AsyncAPI documents as files, and what a change breaks, for whom."""
