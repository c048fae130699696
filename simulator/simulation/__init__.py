"""Blocks of draws scored by workers and added up in tallies of constant size."""
