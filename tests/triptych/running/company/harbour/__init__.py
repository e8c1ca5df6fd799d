"""A company's own distribution, as small as one can be: a harbour with berths, and a desk before them."""
