"""From responses to scores and released outcomes."""
