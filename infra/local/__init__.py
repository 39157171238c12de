"""The local stack: a real PostgreSQL, an AWS emulator, the deployed artifact, one front door.

Everything listens on loopback only.
"""
