"""API keys: create, list and revoke them."""

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalicelib.adapters.postgres.keys import PostgresKeyStore
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import KeyStore, Scope, make_key
from chalicelib.entrypoints.operations import OWNER_CHARACTERS_MAX, is_owner
from infra.arguments import OneLineArgumentParser
from infra.deploy.remote import RemoteKeyStore
from infra.local.commands import command
from infra.operate.reach import add_stage, reached
from orders_client.cli.streams import is_output_lost, tolerant_output


def main() -> None:
    """Create, list or revoke API keys: of a stage on AWS, in DATABASE_URL, or in the running local
    stack."""
    arguments = _parser().parse_args()
    with tolerant_output(), command(), _keys(arguments) as keys:
        sys.exit(_run(arguments, keys))


def _keys(arguments: argparse.Namespace) -> AbstractContextManager[KeyStore]:
    return reached(arguments, remote=RemoteKeyStore, direct=PostgresKeyStore)


def _parser() -> OneLineArgumentParser:
    parser = OneLineArgumentParser(description=main.__doc__)
    add_stage(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="create a key; it is shown once")
    create.add_argument("owner", type=_owner)
    create.add_argument("--scope", choices=[*Scope], default=Scope.TRADE)
    revoke = commands.add_parser("revoke", help="revoke a key")
    revoke.add_argument("key_id")
    commands.add_parser("list", help="list all keys")
    return parser


def _owner(text: str) -> OwnerId:
    if not is_owner(text):
        raise argparse.ArgumentTypeError(f"1 to {OWNER_CHARACTERS_MAX} printable characters")
    return OwnerId(text)


def _run(arguments: argparse.Namespace, keys: KeyStore) -> int:
    now = datetime.now(UTC)
    match arguments.command:
        case "create":
            text, key = make_key(arguments.owner, Scope(arguments.scope), now)
            keys.add(key)
            _print_once({"keyId": key.key_id, "owner": key.owner_id, "apiKey": text})
        case "revoke":
            if not keys.revoke(arguments.key_id, now):
                print(f"there is no key {arguments.key_id} to revoke")
                return 1
            print(f"revoked {arguments.key_id}")
        case _:
            Console().print(key_table(keys))
    return 0


def _print_once(created: Mapping[str, str]) -> None:
    """Print it as JSON for scripts; to stderr if stdout fails, for the secret is stored nowhere."""
    print(json.dumps(created))
    if is_output_lost():
        print(json.dumps(created), file=sys.stderr)


def key_table(keys: KeyStore) -> Table:
    """Return a row for each key; what looks like markup in an owner stays plain text."""
    table = Table("key", "owner", "scope", "created", "revoked")
    for key in keys.all():
        times = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in (key.created_at, key.revoked_at)]
        table.add_row(key.key_id, Text(key.owner_id), key.scope, *times)
    return table


if __name__ == "__main__":
    main()
