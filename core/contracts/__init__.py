"""What core and a plugin promise each other: abstract bases and frozen value types."""
