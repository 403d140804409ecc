"""Plumbing of the book: data, figures, explorers and agreement tables. Chapters hold the statistics."""
