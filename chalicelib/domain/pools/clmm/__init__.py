"""Raydium's CLMM: liquidity concentrated between ticks."""
