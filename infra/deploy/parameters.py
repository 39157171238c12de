"""Parameters of the template as a command names them, checked before anything is packaged."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from infra.deploy.template import merge_template
from infra.errors import DeploymentError

# One number, or two with the smaller first.
RANGES = frozenset(("LatencyMs", "VenueGapBps"))
# What the deployment itself says.
RESERVED = frozenset(("SettingsSecretArn", "WalletSecretArn"))


def named_parameters(pairs: Iterable[str]) -> Mapping[str, str]:
    """Return what `Name=value` pairs name.

    Raises DeploymentError when a pair is none, when the template has no such parameter, or when the
    parameter does not take the value.
    """
    declared = merge_template()["Parameters"]
    named: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not (name and separator):
            raise DeploymentError(f"--parameter must be Name=value, not {pair!r}")
        if name not in declared or name in RESERVED:
            raise DeploymentError(f"{name} is not a parameter that can be set")
        if reason := _objection(name, declared[name], value):
            raise DeploymentError(f"parameter {name}: {reason}")
        named[name] = value
    return named


def parameter_type(name: str) -> Callable[[str], str]:
    """Return a type for an argument that becomes the parameter of that name."""
    declared = merge_template()["Parameters"][name]

    def check(text: str) -> str:
        if reason := _objection(name, declared, text):
            raise ArgumentTypeError(reason)
        return text

    return check


def _objection(name: str, declared: Mapping[str, Any], value: str) -> str:
    """Say why a parameter does not take the value, or nothing."""
    allowed = [str(each) for each in declared.get("AllowedValues", [value])]
    if value not in allowed:
        return f"{value!r} is not one of {', '.join(allowed)}"
    if declared["Type"] == "Number":
        return _objection_to_number(declared, value)
    if not re.fullmatch(declared.get("AllowedPattern", r"(?s:.*)"), value):
        return f"{value!r} does not match {declared['AllowedPattern']}"
    if name in RANGES and not _is_ascending(value):
        return f"{value!r} is a reversed range"
    return ""


def _objection_to_number(declared: Mapping[str, Any], value: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        return f"{value!r} is not a whole number"
    low, high = declared.get("MinValue", int(value)), declared.get("MaxValue", int(value))
    if not low <= int(value) <= high:
        return f"{value!r} is not between {low} and {high}"
    return ""


def _is_ascending(text: str) -> bool:
    first, _, last = text.partition("-")
    return int(first) <= int(last or first)
