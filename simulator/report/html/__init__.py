"""The report as one page that works without a network: an answer in words, charts, tables, provenance."""
