"""Parts that every request uses: sessions, keys, limits, bodies, paging, errors."""
