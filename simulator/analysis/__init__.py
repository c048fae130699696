"""What a simulation tells: reads tallies and results, never runs a draw."""
