"""Billing system API: invoices, payments and refunds, whichever system takes the money."""
