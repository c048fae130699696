"""Results as tables for files and for the screen; a pure view of what was computed."""
