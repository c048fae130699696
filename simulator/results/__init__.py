"""Many results in one Zarr store: kept batch by batch, listed at once, taken out one by one."""
