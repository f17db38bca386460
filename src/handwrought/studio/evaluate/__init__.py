"""Evaluate: what a model gets right and wrong on test images."""
