"""CRM system API: customers, leads and quotes, whichever CRM keeps them."""
