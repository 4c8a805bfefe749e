"""Recorded tables: every number of the book that takes longer than a live cell."""
