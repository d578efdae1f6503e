"""Products: rules for their values, searching them, and changing them in bulk or from outside."""
