"""Tests of examhall: a folder for each folder of the code, and journeys across them."""
