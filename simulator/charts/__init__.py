"""Charts of results, one grammar for page, print and notebook; a pure view of what was computed."""
