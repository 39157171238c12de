"""Comparing quotes with accounts: what counts as equal, what is said, how the command ends."""

import json
import subprocess
import sys
from base64 import b64encode

import pytest

from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.solana.instructions import SWAP_PROGRAMS
from infra.paths import ROOT
from tests.account_encoding import encode
from tests.pool_strategies import MINT_A, NOW, POOL, SHARED

POOL_VALUE = ConstantProductPool(
    **SHARED, venue="raydium", vault_0=10**12, vault_1=10**12, trade_fee_rate=2_500
)
AMOUNT_OUT = POOL_VALUE.quote_exact_in(MINT_A, 10**6, NOW.moment).amount_out
AT = {"slot": NOW.slot, "epoch": NOW.epoch, "unix_time": NOW.unix_seconds}
ASKED = {"direction": "a_to_b", "mode": "exact_in", "amount": "1000000", **AT}
FILLED = ASKED | {"amount_in": "1000000", "amount_out": str(AMOUNT_OUT)}
REFUSED = ASKED | {"amount": "1", "error": "RequireGtViolated"}


def accounts_document(**more):
    accounts = {
        address: {"owner": account.owner, "data": b64encode(account.data).decode()}
        for address, account in encode(POOL_VALUE).items()
    }
    program = SWAP_PROGRAMS[POOL_VALUE.kind]
    return {"program": program, "pool": POOL, "accounts": accounts, "quotes": [], **more}


def written(folder, documents):
    folder.mkdir()
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def compared(accounts, quotes):
    command = [sys.executable, "-m", "infra.verify.live_quotes"]
    arguments = [f"--accounts={accounts}", f"--quotes={quotes}"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=ROOT)


def test_command_succeeds_when_all_quotes_are_equal(tmp_path):
    accounts = written(tmp_path / "accounts", {"pool": accounts_document()})
    closed = {"base": "pool", "account": POOL, "patch": [{"offset": 329, "hex": "04"}]}
    variants = [{**ASKED, **closed, "error": "NotApproved"}]
    quotes = {"pool": {"quotes": [FILLED, REFUSED]}, "variants": variants}

    ended = compared(accounts, written(tmp_path / "quotes", quotes))

    assert ended.stdout == "pool: equal 2, unequal 0\nvariants: equal 1, unequal 0\n"
    assert ended.returncode == 0


@pytest.mark.parametrize(
    "quote",
    [
        FILLED | {"amount_out": str(AMOUNT_OUT + 1)},
        FILLED | {"error": "NotApproved"},
        REFUSED | {"amount": "2000000"},
    ],
)
def test_command_fails_when_a_quote_differs(tmp_path, quote):
    accounts = written(tmp_path / "accounts", {"pool": accounts_document()})
    quotes = written(tmp_path / "quotes", {"pool": {"quotes": [quote, FILLED]}})

    ended = compared(accounts, quotes)

    assert ended.stdout == "pool: equal 1, unequal 1\n"
    assert ended.returncode == 1


def test_command_fails_when_a_pool_cannot_be_read(tmp_path):
    document = accounts_document()
    del document["accounts"][POOL]
    accounts = written(tmp_path / "accounts", {"pool": document})
    quotes = written(tmp_path / "quotes", {"pool": {"quotes": [REFUSED]}})

    assert compared(accounts, quotes).stdout == "pool: equal 0, unequal 1\n"


def test_command_fails_when_a_file_has_no_accounts_of_its_own(tmp_path):
    accounts = written(tmp_path / "accounts", {"pool": accounts_document()})
    quotes = {"other": accounts_document(quotes=[FILLED]), "pool": {"quotes": [FILLED]}}

    ended = compared(accounts, written(tmp_path / "quotes", quotes))

    assert ended.stdout == f"other: no accounts in {accounts}\npool: equal 1, unequal 0\n"
    assert ended.returncode == 1


@pytest.mark.parametrize("content", ["{", "{}", '{"quotes": [{}]}', "7"])
def test_file_that_cannot_be_read_is_a_failure_in_one_line(tmp_path, content):
    accounts = written(tmp_path / "accounts", {"pool": accounts_document()})
    quotes = written(tmp_path / "quotes", {})
    (quotes / "pool.json").write_text(content)

    ended = compared(accounts, quotes)

    assert ended.stdout.startswith("pool: not a file of quotes: ")
    assert (ended.stdout.count("\n"), ended.stderr, ended.returncode) == (1, "", 1)


def test_command_says_in_one_line_that_there_are_no_quotes(tmp_path):
    ended = compared(tmp_path, tmp_path / "absent")

    assert ended.stderr == f"there are no quotes in {tmp_path / 'absent'}\n"
    assert ended.returncode == 1
