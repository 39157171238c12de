"""What clients write and see: requests, documents and frames."""
