"""Procure-to-pay process API: from what somebody needs to its supplier's money, paid once."""
