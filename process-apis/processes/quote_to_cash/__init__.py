"""Quote-to-cash process API: from a quote over its approval and acceptance to the last payment."""
