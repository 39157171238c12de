"""Compare the curves with quotes of the programs themselves on accounts of the main network.

A file of quotes belongs to the file of accounts of the same name. What a program moved when it
filled a swap is a quote as well, and so is what it says of accounts with a few bytes changed.
"""

import json
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.domain.pools.pool import Pool, PoolKind
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.solana import clmm
from chalicelib.solana.accounts import Account, Accounts, Clock
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.pools import decode_curve
from chalicelib.solana.refusals import ClosedPoolError, PoolRefusedError
from chalicelib.solana.token_accounts import read_mint, restricted
from infra.arguments import OneLineArgumentParser
from infra.paths import ROOT

FOLDER = ROOT.parent / "shared" / "accounts"
SLOTS_PER_EPOCH = 432_000

Document = Mapping[str, Any]


class NoAccountsError(Exception):
    """The accounts that a file's quotes were asked of are not there."""


class Case(NamedTuple):
    """A quote, and the accounts that it was asked of."""

    quote: Document
    accounts: Accounts
    kind: PoolKind
    pool: str
    #: Of a CLMM whose configuration is not among the accounts.
    rates: clmm.FeeRates | None = None


class Result(NamedTuple):
    """How many quotes of a file are equal, and what is wrong with each other one."""

    equal: int
    unequal: tuple[str, ...]


def compare(quotes: Path, folder: Path) -> Result:
    """Compare each quote of a file with the curve on the accounts of that folder.

    Raises NoAccountsError.
    """
    faults = [_fault(case) for case in _cases(quotes, folder)]
    return Result(faults.count(None), tuple(fault for fault in faults if fault is not None))


def _cases(quotes: Path, folder: Path) -> Iterator[Case]:
    document = json.loads(quotes.read_text())
    if isinstance(document, list):
        for variant in document:
            yield _variant(variant, folder)
        return
    source = _read(folder, quotes.stem)
    if "fills" in document:
        yield from _fills(document, source)
        return
    if "accounts" not in source:
        raise NoAccountsError
    accounts = _accounts(source["accounts"])
    for quote in document["quotes"]:
        yield Case(quote, accounts, _kind(source), source["pool"])


def _fills(document: Document, source: Document) -> Iterator[Case]:
    before = {fill["signature"]: fill for fill in source.get("fills", ())}
    for fill in document["fills"]:
        if "accounts" not in before.get(fill["signature"], {}):
            raise NoAccountsError
        accounts = _accounts(before[fill["signature"]]["accounts"])
        rates = clmm.FeeRates(int(source["trade_fee_rate"]), 0, 0)
        quote = {**fill, "amount": fill[_side(fill)]}
        yield Case(quote, accounts, _kind(source), source["pool"], rates)


def _variant(variant: Document, folder: Path) -> Case:
    source = _read(folder, variant["base"])
    accounts = dict(_accounts(source["accounts"]))
    owner, data = accounts[variant["account"]]
    changed = bytearray(data)
    for patch in variant["patch"]:
        content = bytes.fromhex(patch["hex"])
        changed[patch["offset"] : patch["offset"] + len(content)] = content
    accounts[variant["account"]] = Account(owner, bytes(changed))
    return Case(variant, accounts, _kind(source), source["pool"])


@cache
def _read(folder: Path, name: str) -> Document:
    path = folder / f"{name}.json"
    if not path.is_file():
        raise NoAccountsError
    document: Document = json.loads(path.read_text())
    return document


def _accounts(found: Mapping[str, Document]) -> Accounts:
    return {
        address: Account(account["owner"], b64decode(account["data"]))
        for address, account in found.items()
    }


def _kind(source: Document) -> PoolKind:
    return next(kind for kind, program in SWAP_PROGRAMS.items() if program == source["program"])


def _side(quote: Document) -> str:
    return "amount_in" if quote["mode"] == "exact_in" else "amount_out"


def _fault(case: Case) -> str | None:
    """What is wrong with the curve's answer, or None."""
    quote = case.quote
    # Where one side is not told, it is the fixed one.
    expected = {_side(quote): quote["amount"], **quote}
    wanted = "refused" if "error" in quote else (expected["amount_in"], expected["amount_out"])
    try:
        answer: object = tuple(map(str, _amounts(case)))
    except (QuoteError, ClosedPoolError):
        answer = "refused"
    except PoolRefusedError as error:
        answer = str(error)
    if answer == wanted:
        return None
    asked = f"{quote['direction']} {quote['mode']} {quote['amount']}"
    return f"{asked}: {answer}, not {quote.get('error', wanted)}"


def _amounts(case: Case) -> tuple[int, int]:
    pool, clock = _pool(case)
    is_a_to_b = case.quote["direction"] == "a_to_b"
    is_exact_in = case.quote["mode"] == "exact_in"
    ask = pool.quote_exact_in if is_exact_in else pool.quote_exact_out
    mint = pool.mint_a if is_a_to_b else pool.mint_b
    quote = ask(mint, int(case.quote["amount"]), clock.moment)
    return quote.amount_in, quote.amount_out


def _pool(case: Case) -> tuple[Pool, Clock]:
    slot = case.quote["slot"]
    epoch = case.quote.get("epoch", slot // SLOTS_PER_EPOCH)
    clock = Clock(slot, epoch, case.quote["unix_time"])
    if case.rates:
        pool: Pool = clmm.decode(case.accounts, case.pool, clock, case.rates)
    else:
        pool = decode_curve(case.kind, case.accounts, case.pool, clock)
    # Some files leave out mints of the plain token program, which have no rules.
    for mint in (pool.mint_a, pool.mint_b):
        if mint in case.accounts:
            pool = restricted(pool, read_mint(case.accounts, mint, clock), mint)
    return pool, clock


def main() -> None:
    """Compare every quote of QUOTES/*.json; exits 1 if any differs or has no accounts."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--accounts", type=Path, default=FOLDER)
    parser.add_argument("--quotes", type=Path, default=FOLDER)
    parser.add_argument("--faults", action="store_true", help="print what differs as well")
    arguments = parser.parse_args()
    files = sorted(arguments.quotes.glob("*.json"))
    if not files:
        sys.exit(f"there are no quotes in {arguments.quotes}")
    results = [_report(path, arguments.accounts, arguments.faults) for path in files]
    sys.exit(0 if all(results) else 1)


def _report(quotes: Path, folder: Path, shows_faults: bool) -> bool:
    """Print how a file compares, and tell whether all of it is equal."""
    try:
        result = compare(quotes, folder)
    except NoAccountsError:
        print(f"{quotes.stem}: no accounts in {folder}")
        return False
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Base64, JSON and its fields: what cannot be read is another's file.
        print(f"{quotes.stem}: not a file of quotes: {error!r}")
        return False
    print(f"{quotes.stem}: equal {result.equal}, unequal {len(result.unequal)}")
    if shows_faults:
        print(
            *(f"  {fault}" for fault in result.unequal), sep="\n", end="\n" * bool(result.unequal)
        )
    return not result.unequal


if __name__ == "__main__":
    main()
