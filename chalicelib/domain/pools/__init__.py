"""One file per curve: exact integer arithmetic that equals what the venue's program would fill."""
