"""The JSON of an order's terms, as the store keeps them; amounts and prices as text."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.orders.terms import (
    Condition,
    DcaTerms,
    ExitPlan,
    ExitTerms,
    Guards,
    LimitTerms,
    MarketTerms,
    OcoTerms,
    OnMissed,
    OrderType,
    SniperTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    TwapTerms,
)
from chalicelib.domain.pools.new_pools import Property
from chalicelib.domain.tokens import Mint

Fields = Mapping[str, Any]
Written = dict[str, object]


def write_terms(terms: Terms) -> Written:
    """Return what the terms say beside their type, as a JSON object."""
    return _WRITERS[type(terms)](terms)


def read_terms(order_type: str, fields: Fields) -> Terms:
    """Return the terms of an order of that type. Raises KeyError, TypeError or ValueError."""
    return _READERS[OrderType(order_type)](fields)


def _write_limit(terms: LimitTerms) -> Written:
    return {
        "limit": str(terms.limit),
        "time_in_force": terms.time_in_force,
        "price": terms.price and _write_price(terms.price),
        **_write_exit(terms.exit),
    }


def _write_stop(terms: StopTerms) -> Written:
    return {"price": _write_price(terms.price), "condition": terms.condition}


def _write_trailing_stop(terms: TrailingStopTerms) -> Written:
    activation = terms.activation and _write_price(terms.activation)
    return {"trailing_bps": terms.trailing_bps, "activation": activation}


def _write_oco(terms: OcoTerms) -> Written:
    return {"take_profit": _write_price(terms.take_profit), "stop": _write_price(terms.stop)}


def _write_exit_terms(terms: ExitTerms) -> Written:
    return {
        "plan": _write_plan(terms.plan),
        "paid": str(terms.paid),
        "sell_at": terms.sell_at and terms.sell_at.isoformat(),
    }


def _write_schedule(terms: DcaTerms | TwapTerms) -> Written:
    names = ("min_price", "max_price") if isinstance(terms, DcaTerms) else ("limit_price",)
    prices = {name: getattr(terms, name) for name in names}
    return {
        "slices": terms.slices,
        "start_at": terms.start_at.isoformat(),
        "span_seconds": terms.span // timedelta(seconds=1),
        "on_missed": terms.on_missed,
        "is_paused": terms.is_paused,
        **{name: price and _write_price(price) for name, price in prices.items()},
    }


def _read_schedule(fields: Fields) -> dict[str, Any]:
    return {
        "slices": fields["slices"],
        "start_at": datetime.fromisoformat(fields["start_at"]).astimezone(UTC),
        "span": timedelta(seconds=fields["span_seconds"]),
        "on_missed": OnMissed(fields["on_missed"]),
        "is_paused": fields["is_paused"],
    }


def _write_snipe(terms: SniperTerms) -> Written:
    nothing = asdict(Guards())
    guards = {name: g for name, g in asdict(terms.guards).items() if g != nothing[name]}
    if "requires" in guards:
        guards["requires"] = sorted(guards["requires"])
    given = {
        "mint": terms.mint,
        "name_part": terms.name_part,
        "creator": terms.creator,
        "takes_existing": terms.takes_existing,
        "guards": guards,
    }
    return {
        "retry_seconds": terms.retry_for // timedelta(seconds=1),
        **{name: each for name, each in given.items() if each},
        **_write_exit(terms.exit),
    }


def _read_snipe(fields: Fields) -> SniperTerms:
    guards = fields.get("guards", {})
    return SniperTerms(
        mint=Mint(fields["mint"]) if "mint" in fields else None,
        guards=Guards(
            **{
                **guards,
                "venues": tuple(guards.get("venues", ())),
                "requires": frozenset(map(Property, guards.get("requires", ()))),
            }
        ),
        retry_for=timedelta(seconds=fields["retry_seconds"]),
        name_part=fields.get("name_part"),
        creator=fields.get("creator"),
        takes_existing=fields.get("takes_existing", False),
        exit=_read_exit(fields),
    )


def _write_price(price: StatedPrice) -> Written:
    return {"text": price.text, "price_in": price.price_in}


def _read_price(fields: Fields) -> StatedPrice:
    return StatedPrice(text=fields["text"], price_in=Mint(fields["price_in"]))


def _read_price_or_none(fields: Fields | None) -> StatedPrice | None:
    return _read_price(fields) if fields else None


def _write_exit(plan: ExitPlan | None) -> Written:
    """Orders without an exit are written as they were before there were any."""
    return {"exit": _write_plan(plan)} if plan else {}


def _write_plan(plan: ExitPlan) -> Written:
    return {name: number for name, number in asdict(plan).items() if number is not None}


def _read_exit(fields: Fields) -> ExitPlan | None:
    return ExitPlan(**fields["exit"]) if "exit" in fields else None


def _read_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


_WRITERS: Mapping[type, Callable[[Any], Written]] = {
    MarketTerms: lambda terms: _write_exit(terms.exit),
    LimitTerms: _write_limit,
    StopTerms: _write_stop,
    TrailingStopTerms: _write_trailing_stop,
    OcoTerms: _write_oco,
    DcaTerms: _write_schedule,
    TwapTerms: _write_schedule,
    SniperTerms: _write_snipe,
    ExitTerms: _write_exit_terms,
}

_READERS: Mapping[OrderType, Callable[[Fields], Terms]] = {
    OrderType.MARKET: lambda fields: MarketTerms(exit=_read_exit(fields)),
    OrderType.LIMIT: lambda fields: LimitTerms(
        limit=int(fields["limit"]),
        time_in_force=TimeInForce(fields["time_in_force"]),
        price=_read_price_or_none(fields["price"]),
        exit=_read_exit(fields),
    ),
    OrderType.STOP: lambda fields: StopTerms(
        price=_read_price(fields["price"]), condition=Condition(fields["condition"])
    ),
    OrderType.TRAILING_STOP: lambda fields: TrailingStopTerms(
        trailing_bps=fields["trailing_bps"], activation=_read_price_or_none(fields["activation"])
    ),
    OrderType.OCO: lambda fields: OcoTerms(
        take_profit=_read_price(fields["take_profit"]), stop=_read_price(fields["stop"])
    ),
    OrderType.DCA: lambda fields: DcaTerms(
        **_read_schedule(fields),
        min_price=_read_price_or_none(fields["min_price"]),
        max_price=_read_price_or_none(fields["max_price"]),
    ),
    OrderType.TWAP: lambda fields: TwapTerms(
        **_read_schedule(fields), limit_price=_read_price_or_none(fields["limit_price"])
    ),
    OrderType.SNIPER: _read_snipe,
    OrderType.EXIT: lambda fields: ExitTerms(
        plan=ExitPlan(**fields["plan"]),
        paid=int(fields["paid"]),
        sell_at=_read_moment(fields["sell_at"]),
    ),
}
