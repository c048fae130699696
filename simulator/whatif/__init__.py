"""What if: changes to cities, what comes of them, and what it would take."""
