"""Breaks the real local stack under load again and again, and checks what must hold afterwards."""
