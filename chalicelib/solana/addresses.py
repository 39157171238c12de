"""Addresses that a program derives from seeds, and so nobody has a key of."""

from functools import lru_cache

from solders.pubkey import Pubkey


@lru_cache(maxsize=1 << 14)
def derived_address(program: str, *seeds: bytes) -> str:
    """Return the address of the account that the program keeps under these seeds."""
    address, _ = Pubkey.find_program_address(list(seeds), Pubkey.from_string(program))
    return str(address)


def seed_of(address: str) -> bytes:
    """Return an address as a seed."""
    return bytes(Pubkey.from_string(address))
