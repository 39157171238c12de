"""What every Ledger of the simulated chain keeps."""

from dataclasses import replace

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import Signature
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.simulation.ledger import Ledger, LedgerEntry, LedgerLeg
from tests.contract.samples import order_id

LATER = 2**62


def signature(number: int) -> Signature:
    return Signature(f"{number:088d}")


def leg(pool_address: str, amount_in: int, amount_out: int) -> LedgerLeg:
    return LedgerLeg(
        pool_address=pool_address,
        input_mint=SOL.mint,
        output_mint=USDC.mint,
        amount_in=amount_in,
        amount_out=amount_out,
    )


def failure(number: int) -> LedgerEntry:
    return replace(
        entry(number),
        amount_in=None,
        amount_out=None,
        legs=(),
        error_code="INSUFFICIENT_LIQUIDITY",
        refused_by="B37c61wPUtA5p4547k7ac1va7bNM8dv69aWdyzSP8ZRq",
    )


def entry(number: int, *, slot: int = 100) -> LedgerEntry:
    return LedgerEntry(
        signature=signature(number),
        landing_slot=slot,
        memo=f"{order_id(number)}:1",
        input_mint=SOL.mint,
        output_mint=USDC.mint,
        amount_in=1_000_000_000,
        amount_out=150_000_000 + number,
        legs=(
            leg("B37c61wPUtA5p4547k7ac1va7bNM8dv69aWdyzSP8ZRq", 1, number),
            leg("9Jxwftt2kVQnh3RR6e4VPY1cvAstr3P3Q9vFgDJz7GSn", 999_999_999, 150_000_000),
        ),
        error_code=None,
        wire_bytes=bytes([0, 255, number]),
    )


def find(ledger: Ledger, *numbers: int, up_to_slot: int = LATER) -> list[LedgerEntry]:
    found = ledger.find([signature(number) for number in numbers], up_to_slot=up_to_slot)
    return sorted(found, key=lambda e: e.signature)


def test_find_returns_what_was_appended_when_it_has_landed(ledger: Ledger) -> None:
    ledger.append([entry(1), failure(2)])
    ledger.append([entry(3)])

    found = find(ledger, 1, 2, 3)

    assert found == [entry(1), failure(2), entry(3)]


def test_find_returns_only_what_is_asked_for_when_there_is_more(ledger: Ledger) -> None:
    ledger.append([entry(1), entry(2)])

    found = find(ledger, 2, 9)

    assert found == [entry(2)]


@pytest.mark.parametrize(("slot", "visible"), [(99, []), (100, [1]), (101, [1]), (200, [1, 2])])
def test_entry_is_visible_when_its_slot_has_come(
    ledger: Ledger, slot: int, visible: list[int]
) -> None:
    ledger.append([entry(1, slot=100), entry(2, slot=200)])

    found = find(ledger, 1, 2, up_to_slot=slot)

    assert [e.signature for e in found] == [signature(number) for number in visible]


def test_first_entry_stays_when_its_signature_comes_again(ledger: Ledger) -> None:
    ledger.append([entry(1, slot=100)])

    ledger.append([entry(1, slot=50), entry(2)])

    assert find(ledger, 1, 2) == [entry(1, slot=100), entry(2)]


def test_first_entry_stays_when_one_call_has_its_signature_twice(ledger: Ledger) -> None:
    ledger.append([entry(1, slot=100), entry(1, slot=50)])

    found = find(ledger, 1)

    assert found == [entry(1, slot=100)]


def test_every_entry_is_found_when_there_are_thousands(ledger: Ledger) -> None:
    many = [replace(entry(1), signature=signature(number)) for number in range(2_500)]
    ledger.append(many[:1_500])
    ledger.append(many[1_500:])

    assert find(ledger, *range(2_500)) == many


def test_amounts_survive_when_they_fill_u64(ledger: Ledger) -> None:
    greatest = replace(entry(1), amount_in=U64_MAX, amount_out=U64_MAX)
    greatest = replace(greatest, legs=(leg("pool", U64_MAX, U64_MAX),))

    ledger.append([greatest])

    assert find(ledger, 1) == [greatest]


def test_nothing_changes_when_nothing_is_appended(ledger: Ledger) -> None:
    ledger.append([entry(1)])

    ledger.append([])

    assert find(ledger, 1) == [entry(1)]


def test_nothing_is_found_when_nothing_is_asked_for(ledger: Ledger) -> None:
    ledger.append([entry(1)])

    found = find(ledger)

    assert found == []
