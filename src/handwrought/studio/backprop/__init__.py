"""Backpropagation: one image through the four equations, with every number."""
