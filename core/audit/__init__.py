"""Who did what, when: entries that are chained by their hashes."""
