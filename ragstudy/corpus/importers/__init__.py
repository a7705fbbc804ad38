"""Importers that read publishers' original files."""
