"""The demo company: generated books, clients and users for a first start."""
