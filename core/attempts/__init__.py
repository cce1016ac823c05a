"""A candidate's attempt: states, time, saving, submission."""
