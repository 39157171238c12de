"""Reading a transaction back into the swap that it asks for."""

from dataclasses import dataclass
from itertools import pairwise

from solders.instruction import CompiledInstruction
from solders.transaction import VersionedTransaction

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Mint
from chalicelib.solana.instructions import (
    GUARD_PROGRAM,
    MEMO_PROGRAM,
    SWAP_PROGRAMS,
    GuardInstruction,
    SwapInstruction,
)

_KINDS = {program: kind for kind, program in SWAP_PROGRAMS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedLeg:
    """What one swap instruction asks of one pool."""

    kind: PoolKind
    pool_address: str
    input_mint: Mint
    output_mint: Mint
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedSwap:
    """What all instructions of a transaction ask for together."""

    mode: SwapMode
    legs: tuple[RequestedLeg, ...]
    limit: int
    memo: str

    @property
    def input_mint(self) -> Mint:
        return self.legs[0].input_mint

    @property
    def output_mint(self) -> Mint:
        return self.legs[-1].output_mint


def read_swap(transaction: VersionedTransaction) -> RequestedSwap:
    """Read legs, limit and memo. Raises ValueError for a transaction of any other kind."""
    keys = [str(key) for key in transaction.message.account_keys]
    memo, guard = "", None
    legs: list[RequestedLeg] = []
    swaps: list[SwapInstruction] = []
    for compiled in transaction.message.instructions:
        program, data = keys[compiled.program_id_index], bytes(compiled.data)
        if program == MEMO_PROGRAM:
            memo = data.decode()
        elif program == GUARD_PROGRAM:
            guard = GuardInstruction.from_bytes(data)
        elif program in _KINDS:
            swaps.append(SwapInstruction.from_bytes(data))
            legs.append(_leg(_KINDS[program], compiled, keys, swaps[-1].amount))
    _check(legs, swaps, guard)
    return RequestedSwap(
        mode=swaps[0].mode,
        legs=tuple(legs),
        limit=guard.limit if guard else swaps[0].limit,
        memo=memo,
    )


def _leg(
    kind: PoolKind, compiled: CompiledInstruction, keys: list[str], amount: int
) -> RequestedLeg:
    accounts = [keys[index] for index in compiled.accounts]
    if len(accounts) <= SwapInstruction.OUTPUT_MINT:
        raise ValueError("a swap names too few accounts")
    return RequestedLeg(
        kind=kind,
        pool_address=accounts[SwapInstruction.POOL],
        input_mint=Mint(accounts[SwapInstruction.INPUT_MINT]),
        output_mint=Mint(accounts[SwapInstruction.OUTPUT_MINT]),
        amount=amount,
    )


def _check(
    legs: list[RequestedLeg], swaps: list[SwapInstruction], guard: GuardInstruction | None
) -> None:
    if not swaps:
        raise ValueError("the transaction holds no swap")
    if len({swap.mode for swap in swaps}) > 1:
        raise ValueError("the legs are of different modes")
    if len(swaps) > 1 and guard is None:
        raise ValueError("several legs have no limit on their total")
    if len({leg.pool_address for leg in legs}) < len(legs):
        raise ValueError("a pool is used twice")
    for leg, following in pairwise(legs):
        same_hop = (leg.input_mint, leg.output_mint) == (
            following.input_mint,
            following.output_mint,
        )
        if not same_hop and leg.output_mint != following.input_mint:
            raise ValueError("the legs do not connect to each other")
