"""Pure rules of the trade: standard library only, no clock, no randomness, no I/O."""
