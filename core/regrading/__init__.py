"""Scoring finished attempts again: counted first, shown as a difference, then released."""
