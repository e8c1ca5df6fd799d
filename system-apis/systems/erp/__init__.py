"""ERP system API: products, suppliers, orders and purchases, whichever ERP keeps the books."""
