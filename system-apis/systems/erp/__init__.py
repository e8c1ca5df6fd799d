"""ERP system API: products, suppliers, orders, purchases and payables, whichever ERP keeps the books."""
