"""Feedback modes: how an item behaves while the attempt runs. Pure, without a database."""
