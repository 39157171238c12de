"""Solana's bytes: instructions and transactions, written and read."""
