"""Which proctor looks after which candidate."""
