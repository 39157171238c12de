"""What is typed for an argument, checked before it is sent; an error says what is right."""

import re

import typer
from typer.core import TyperCommand

_AMOUNT = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_BELOW_ZERO = re.compile(r"-\.?[0-9]\S*", re.ASCII)


def check_amount(text: str) -> str:
    """Return the amount. Raises BadParameter unless it is a positive plain decimal."""
    if _AMOUNT.fullmatch(text) is None or not text.strip("0."):
        raise typer.BadParameter(
            f"an amount must be a positive decimal in whole tokens, such as 1 or 0.25, not {text!r}"
        )
    return text


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
