"""Hostile files by the million: what every reader does with them, and whether we would notice."""
