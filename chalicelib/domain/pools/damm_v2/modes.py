"""The settings of a DAMM v2 pool that its account keeps as small numbers."""

from enum import IntEnum


class PoolStatus(IntEnum):
    """Whether a pool swaps at all."""

    ENABLE = 0
    DISABLE = 1


class ActivationType(IntEnum):
    """What a Meteora pool's points of time count: slots, or unix seconds."""

    SLOT = 0
    TIMESTAMP = 1


class CollectFeeMode(IntEnum):
    """Which token a fee is taken in, and with that whether from the input or from the output.

    BOTH_TOKEN takes it from the output, ONLY_B from whichever side is B. COMPOUNDING takes it from
    B as well and leaves a part of it in the reserves, on a curve of its own.
    """

    BOTH_TOKEN = 0
    ONLY_B = 1
    COMPOUNDING = 2
