"""What signs for Solana."""
