"""Whether somebody wants what a command is about to do."""

import os
import sys

from infra.errors import DeploymentError


def confirm(intention: str, *, is_given: bool, word: str = "yes") -> None:
    """Ask whether to do that, unless it is given, or CONFIRM says the word. Raises DeploymentError
    when the answer is another, or when there is nobody to ask."""
    if is_given or os.environ.get("CONFIRM") == word:
        return
    if not sys.stdin.isatty():
        raise DeploymentError(f"this would {intention}: set CONFIRM={word} to let it")
    if input(f"{intention}? Type {word}: ").strip() != word:
        raise DeploymentError("nothing was changed")
