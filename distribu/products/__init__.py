"""Products: the rules for their values, how they are found, and how others write them."""
