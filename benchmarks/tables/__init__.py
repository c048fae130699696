"""The tables: each module measures one group of them, and lists its benchmarks for the catalogue."""
