"""What people make of a watched session: decisions with reasons, and the candidate's appeal."""
