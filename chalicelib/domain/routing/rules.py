"""How far a route may go."""

from dataclasses import dataclass

# Pools on the way from one token to another, one after the other.
HOPS_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """Limits of a plan; `cost_per_leg` is in base units of the final output."""

    hops_max: int = HOPS_MAX
    legs_max: int = 8
    cost_per_leg: int = 0
