"""Meteora's DLMM: liquidity in bins of one price each."""
