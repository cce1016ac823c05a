"""Tests of exams and the question bank."""
