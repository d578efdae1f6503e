"""Place orders, take their stock, and change their status."""
