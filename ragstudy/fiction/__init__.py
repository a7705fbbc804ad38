"""Invented worlds: domains whose facts exist nowhere else, with exact ground truth."""
