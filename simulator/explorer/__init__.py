"""The explorer: a local page on which an index's weights, methods and figures are moved, and its ranks follow."""
