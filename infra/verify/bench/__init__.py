"""What the engine's own computing costs, measured on this machine."""
