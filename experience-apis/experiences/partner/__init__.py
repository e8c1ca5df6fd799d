"""Partner experience API: products, orders and stock for companies that buy from us, in shapes that stay."""
