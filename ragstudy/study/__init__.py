"""Studies: planning, running and storing them."""
