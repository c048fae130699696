"""How far weights carry a city: its best and worst rank, what swaps two, and the share of all weights for each rank."""
