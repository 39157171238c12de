"""What is typed for an argument, checked before it is sent; an error says what is right."""

import json
import re
from typing import Any

import typer
from typer.core import TyperCommand

_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhd])", re.ASCII)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_CHANGE = re.compile(r"[a-zA-Z]+=.+", re.ASCII)
_BELOW_ZERO = re.compile(r"-\.?[0-9]\S*", re.ASCII)


def check_amount(text: str) -> str:
    """Return the amount. Raises BadParameter unless it is a positive plain decimal."""
    return _positive(text, "an amount must be a positive decimal in whole tokens", "1 or 0.25")


def check_price(text: str) -> str:
    """Return the price. Raises BadParameter unless it is a positive plain decimal."""
    return _positive(text, "a price must be a positive decimal", "150 or 0.0066")


def _positive(text: str, rule: str, examples: str) -> str:
    if _DECIMAL.fullmatch(text) is None or not text.strip("0."):
        raise typer.BadParameter(f"{rule}, such as {examples}, not {text!r}")
    return text


def check_span(text: str) -> str:
    """Return the span of time. Raises BadParameter unless it is written as 30s, 15m, 12h or 7d."""
    if _SPAN.fullmatch(text) is None:
        raise typer.BadParameter(f"a span is written as 30s, 15m, 12h or 7d, not {text!r}")
    return text


def check_wait(text: str) -> str:
    """Return the span of time, which may be none at all: 0s. Raises what check_span does."""
    return text if text == "0s" else check_span(text)


def span_seconds(span: str) -> int:
    """Return how many seconds a checked span has."""
    return int(span[:-1]) * _UNIT_SECONDS[span[-1]]


def check_changes(words: list[str]) -> list[str]:
    """Return the words. Raises BadParameter unless each is FIELD=VALUE."""
    for word in words:
        if _CHANGE.fullmatch(word) is None:
            raise typer.BadParameter(f"a change is written as FIELD=VALUE, not {word!r}")
    changes_of(words)
    return words


def changes_of(words: list[str]) -> dict[str, Any]:
    """Return the values of checked changes by field: numbers, truth values and guards as JSON has
    them. Raises BadParameter when guards are no JSON."""
    return {name: _change(name, value) for name, _, value in (w.partition("=") for w in words)}


def _change(name: str, value: str) -> Any:
    if name == "guards":
        return _guards(value)
    if name == "trailingBps" and value.isdecimal():
        return int(value)
    is_truth = name in ("paused", "triggerIfMet") and value in ("true", "false")
    return value == "true" if is_truth else value


def _guards(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        example = """guards={"sellable":true}"""
        raise typer.BadParameter(f"guards are written as JSON: {example}, not {text!r}") from None


class AmountCommand(TyperCommand):
    """A command with an amount: a negative one is told as such, not as an unknown option."""

    def parse_args(self, context: typer.Context, words: list[str]) -> list[str]:  # type: ignore[override]
        """Parse the words. Raises BadParameter where an amount below zero stands for an option."""
        flags = {name for each in self.params if _is_flag(each) for name in each.opts}
        for before, word in zip(["", *words], words, strict=False):
            is_value = before.startswith("--") and before not in flags
            if _BELOW_ZERO.fullmatch(word) and not is_value:
                check_amount(word)
        return super().parse_args(context, words)


def _is_flag(parameter: object) -> bool:
    return bool(getattr(parameter, "is_flag", False))
