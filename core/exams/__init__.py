"""Exams as authors make them: sections, items, the question bank, publication."""
