"""Commands for those who operate a stage: audit, keys, redrive."""
