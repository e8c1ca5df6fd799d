"""The canonical model: the nouns that all tiers share, whatever the source systems call them."""
