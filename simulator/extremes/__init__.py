"""How far weights carry a city: its best and worst rank over all of them, and the least change that swaps two."""
