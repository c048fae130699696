"""Changes to cities: what is asked, in the words of a scenario, and what it does to figures and to values."""
