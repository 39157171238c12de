"""Engine to world: one technology a file, and the in-memory twin of every port."""
