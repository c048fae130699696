"""Compiled functions on plain arrays: normalise, aggregate, rank, tally. They know no labels and no files.

The labelled calls and the inner loop of a simulation both use these, so every method is written once.
"""
