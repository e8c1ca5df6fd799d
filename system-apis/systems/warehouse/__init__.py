"""Warehouse system API: locations, stock, shipments, returns and equipment, whichever system counts them."""
