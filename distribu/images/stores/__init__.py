"""Image stores: one contract, and a directory or an S3 bucket behind it."""
