"""Consensus of several rankings, and how surely a ranking holds."""
