"""Order-to-fulfillment process API: from an order to delivered and paid goods, or to nothing at all."""
