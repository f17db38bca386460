"""Hyper-parameter search: what is tried, and the study that remembers it."""
