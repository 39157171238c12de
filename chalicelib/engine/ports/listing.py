"""What can be traded, as far as it is known without asking a venue."""

from typing import Protocol

from chalicelib.domain.tokens import Pair


class Listing(Protocol):
    """The pools that are listed, whatever they hold now."""

    def connects(self, pair: Pair) -> bool:
        """Tell whether listed pools lead from the pair's input token to its output token, over
        other tokens where need be."""
