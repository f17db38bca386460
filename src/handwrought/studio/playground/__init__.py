"""Playground: small networks that learn while one watches."""
