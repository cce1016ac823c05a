"""Tests of the bundled access rules."""
