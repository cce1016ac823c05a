"""Partners: connections, what we tell them, what they tell us."""
