"""Transport to engine: what arrives is read and checked here, what leaves is written here."""
