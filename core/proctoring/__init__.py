"""Watching over an attempt: consent, chunks, findings, incidents, evidence."""
