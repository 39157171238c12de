"""HTTP to engine: a file for each kind of resource."""
