"""Solana behind the ports: the wallet that signs, and a chain behind a node of JSON-RPC."""
