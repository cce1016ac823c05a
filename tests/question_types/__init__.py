"""Tests of the bundled question types."""
