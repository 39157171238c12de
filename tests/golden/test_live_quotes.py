"""The curves on accounts of the main network, where a folder of them is at hand."""

import os
from pathlib import Path

import pytest

from infra.verify.live_quotes import FOLDER, compare

ACCOUNTS = Path(os.environ.get("ACCOUNTS_DIR") or FOLDER)
FILES = sorted(ACCOUNTS.glob("*.json"))


@pytest.mark.skipif(not FILES, reason=f"there are no accounts in {ACCOUNTS}")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_quotes_equal_those_of_the_main_network(path):
    result = compare(path, ACCOUNTS)

    assert result.unequal == ()
