"""Generators behind one seam, and making them from what a study says."""
