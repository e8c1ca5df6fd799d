"""Warehouse system API: locations, stock, shipments and returns, whichever system counts them."""
