"""Image stores: one contract, implemented by a directory and by an S3 bucket."""
