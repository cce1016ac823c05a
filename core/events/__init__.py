"""Domain events: written with the change, delivered to sinks at least once."""
