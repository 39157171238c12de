"""Meteora's DAMM v2: a curve with a fee that follows a schedule and volatility."""
