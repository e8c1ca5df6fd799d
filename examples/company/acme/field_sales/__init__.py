"""Field-sales experience API: what a salesperson on the road looks at."""
