"""What every Triptych service stands on: contracts, placement, policies, storage, engine, command line."""
