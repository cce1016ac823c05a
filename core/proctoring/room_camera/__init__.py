"""A phone as second camera of a proctoring session, joined by a code that is good once."""
