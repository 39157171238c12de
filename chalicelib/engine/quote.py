"""Ask every venue and choose the best route: for quotes and for orders alike."""

import logging
from collections.abc import Sequence

from chalicelib.domain.errors import NoRouteError, QuoteTimeoutError
from chalicelib.domain.quotes import Quote, Rejection
from chalicelib.domain.routing import Route, choose_route
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports import Venue

log = logging.getLogger(__name__)


def find_route(venues: Sequence[Venue], pair: Pair, amount_in: int) -> Route:
    """Return the best route for `amount_in` base units among the venues that answer.

    Raises what choose_route raises; when a venue was silent and the others have no route,
    QuoteTimeoutError, for then there may be one.
    """
    answers: list[Quote | Rejection] = []
    silent: QuoteTimeoutError | None = None
    for venue in venues:
        try:
            answers += venue.quotes(pair, amount_in)
        except QuoteTimeoutError as error:
            log.warning("quote_timeout", extra={"venue": venue.name})
            silent = error
    try:
        return choose_route(
            [answer for answer in answers if isinstance(answer, Quote)],
            [answer for answer in answers if isinstance(answer, Rejection)],
        )
    except NoRouteError:
        if silent is not None:
            raise silent from None
        raise
