"""The book of waiting orders: who waits for pairs that no price may come to any more."""

from itertools import product

from chalicelib.domain.orders.lifecycle import cancel
from chalicelib.domain.orders.terms import DcaTerms, OnMissed, SniperTerms
from chalicelib.domain.token_list import JUP, SOL, USDC
from chalicelib.domain.tokens import Mint, Pair, token_to_come
from tests.contract.samples import START, accepted, order_id
from tests.contract.test_watch_book import (
    HOUR,
    Book,
    book,
    limit,
    narrow_book,
    number_of,
    oco,
    stop,
    trail,
)

__all__ = ["book", "narrow_book"]

KINDS = (stop("140"), trail(500), limit("900"), oco("200", "140"))
PAIRS = tuple(
    Pair(token_in=one, token_out=two) for one, two in ((SOL, USDC), (USDC, SOL), (JUP, SOL))
)


def waiting(book: Book, *pairs: Pair) -> list[int]:
    found = book.book.waiting_to_trade([pair.mints for pair in pairs])
    return sorted(number_of(each) for each in found)


def test_all_who_wait_for_a_price_of_these_pairs_are_found_once(book: Book) -> None:
    for number, (pair, terms) in enumerate(product(PAIRS, KINDS), 1):
        book.store.add(accepted(number, pair=pair, terms=terms))
    book.store.add(accepted(99, pair=PAIRS[0]))

    assert waiting(book, PAIRS[0]) == [1, 2, 3, 4]
    assert waiting(book, PAIRS[1], PAIRS[2]) == [5, 6, 7, 8, 9, 10, 11, 12]
    assert waiting(book, Pair(token_in=USDC, token_out=JUP)) == []
    assert waiting(book) == []


def test_whoever_asks_for_its_pools_itself_is_not_found(book: Book) -> None:
    schedule = DcaTerms(slices=2, start_at=START, span=2 * HOUR, on_missed=OnMissed.SKIP)
    coming = Pair(token_in=SOL, token_out=token_to_come(Mint("New1" * 10)))
    book.store.add(accepted(1, terms=schedule))
    book.store.add(
        accepted(2, pair=coming, terms=SniperTerms(mint=coming.token_out.mint, retry_for=HOUR))
    )

    assert waiting(book, PAIRS[0], coming) == []


def test_order_that_waits_no_longer_is_not_found(book: Book) -> None:
    pending = book.place(1, stop("140"))
    book.store.save([cancel(pending.order, at=START)])

    assert waiting(book, PAIRS[0]) == []


def test_no_more_are_found_than_a_range_has(narrow_book: Book) -> None:
    for number, terms in enumerate([*KINDS, *KINDS], 1):
        narrow_book.place(number, terms)

    assert len(waiting(narrow_book, PAIRS[0])) == 3


def test_what_is_found_says_what_need_not_be_announced(book: Book) -> None:
    book.place(1, stop("140"))

    assert book.book.waiting_to_trade([PAIRS[0].mints]) == {order_id(1): 1}
