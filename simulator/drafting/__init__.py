"""New indices: a table or a template becomes a folder with a definition, its data and a scenario, ready to be run."""
