"""Studies: `plan` says what will be done, `execute` does it, `analyse` says what was found, from the folder alone."""
