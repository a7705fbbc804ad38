"""How far a scorer can be trusted: its agreement with human labels."""
