"""Club system API: members and visits, for the tests of the loader."""
