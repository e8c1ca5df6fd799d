"""Northwind, a trader in fine foods: the mapping that loads its books of 1996 to 1998."""
