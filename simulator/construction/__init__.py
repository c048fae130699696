"""The handbook's steps from values to ranks: methods chosen, weights found, matrix scored."""
