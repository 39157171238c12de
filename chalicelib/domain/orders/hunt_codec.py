"""The JSON of what an order that waits for a pool has met."""

from chalicelib.domain.orders.failure_codec import Fields, Json
from chalicelib.domain.orders.hunts import Finding, Hunt, Verdict
from chalicelib.domain.orders.token_codec import read_token, write_token
from chalicelib.domain.pools.new_pools import PoolCursor


def write_verdict(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict as a JSON object."""
    written: dict[str, Json] = {
        "pool": verdict.pool_address,
        "token": write_token(verdict.token),
        "created_slot": verdict.created_slot,
        "slot": verdict.slot,
        "finding": verdict.finding,
        "is_final": verdict.is_final,
    }
    found: dict[str, Json] = {"value": verdict.value, "wanted": verdict.wanted}
    return written | {name: text for name, text in found.items() if text is not None}


def read_verdict(fields: Fields) -> Verdict:
    """Return the verdict. Raises KeyError or ValueError."""
    return Verdict(
        pool_address=fields["pool"],
        token=read_token(fields["token"]),
        created_slot=fields["created_slot"],
        slot=fields["slot"],
        finding=Finding(fields["finding"]),
        value=fields.get("value"),
        wanted=fields.get("wanted"),
        is_final=fields["is_final"],
    )


def write_hunt(hunt: Hunt) -> dict[str, Json]:
    """Return what an order has met as a JSON object."""
    return {
        "cursor": [*hunt.cursor],
        "waiting": [write_verdict(verdict) for verdict in hunt.waiting],
        "verdicts": [write_verdict(verdict) for verdict in hunt.verdicts],
        "judged": hunt.judged,
        "pool": hunt.pool_address,
    }


def read_hunt(fields: Fields) -> Hunt:
    """Return what an order has met. Raises KeyError or ValueError."""
    return Hunt(
        cursor=PoolCursor(*fields["cursor"]),
        waiting=tuple(read_verdict(each) for each in fields["waiting"]),
        verdicts=tuple(read_verdict(each) for each in fields["verdicts"]),
        judged=fields["judged"],
        pool_address=fields["pool"],
    )
