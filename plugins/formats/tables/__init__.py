"""Questions as rows of a table."""
