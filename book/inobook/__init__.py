"""Plumbing of the book: data, figures, explorers, agreement. Chapters hold the statistics."""
