"""Lead-to-customer process API: from what somebody asked to a customer who was called, once."""
