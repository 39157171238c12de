"""HTTP to engine: a file for each kind of resource."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.entrypoints.http import market, orders, pages, service

__all__ = ["market", "orders", "pages", "service"]


def __getattr__(name: str) -> ModuleType:
    """Load the views of that name when they are first asked for: most functions serve no HTTP."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
