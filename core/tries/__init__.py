"""Tries: what candidates check while their attempt runs, and what it makes of their score."""
