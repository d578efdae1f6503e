"""What every request shares: sessions, keys, limits, bodies, paging, errors."""
