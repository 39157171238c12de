"""Print an audit of the running `make dev`, or of DATABASE_URL.

Exits with 0 when every check holds, 1 when one does not, 2 when the database cannot be read.
"""

import argparse
import os
import sys

import psycopg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.arguments import OneLineArgumentParser, database_url, natural_number
from infra.deploy.parameters import parameter_type
from infra.local.commands import command, first_line, leave
from infra.local.description import running
from infra.operate.audit.checks import audit
from infra.operate.audit.recompute import deployed_market
from infra.operate.audit.report import Report
from infra.tables import figure_table
from orders_client.cli.streams import tolerant_output

SHOWN_MAX = 3


def check_table(report: Report) -> Table:
    """Return a row for each check; one that does not hold names a few orders."""
    table = figure_table(["check"], ["examined", "wrong"])
    for check in report.checks:
        more = ["…"] if len(check.subjects) > SHOWN_MAX else []
        claim = Text("\n  ".join([check.claim, *check.subjects[:SHOWN_MAX], *more]))
        style = "red" if check.wrong else None
        table.add_row(claim, f"{check.looked_at:,}", f"{check.wrong:,}", style=style)
    return table


def summary(report: Report) -> str:
    """Say in a line how many orders there are, and whether every check holds."""
    verdict = "all checks hold" if report.holds else f"checks that fail: {len(report.findings)}"
    return (
        f"orders {report.orders:,}, unfinished {report.unfinished:,}, "
        f"in flight {report.in_flight:,}; {verdict}"
    )


def main() -> None:
    """Compare orders, events and the chain's ledger as they are at one moment."""
    arguments = _parse()
    with tolerant_output():
        with command():
            try:
                report = _audit(arguments)
            except psycopg.Error as error:
                leave(f"the database cannot be read: {first_line(error)}", 2)
        console = Console()
        console.print(check_table(report))
        console.print(summary(report), highlight=False, soft_wrap=True)
        sys.exit(0 if report.holds else 1)


def _parse() -> argparse.Namespace:
    parser = OneLineArgumentParser(prog="audit", description=main.__doc__)
    add = parser.add_argument
    default = os.environ.get("DATABASE_URL")
    add("--database-url", type=database_url, default=default, help="instead of that of `make dev`")
    add("--market-seed", metavar="SEED", help="the deployment's MarketSeed")
    gap = parameter_type("VenueGapBps")
    add("--venue-gap-bps", metavar="RANGE", type=gap, help="its VenueGapBps: 350, or 200-500")
    add(
        "--recompute",
        metavar="N",
        type=natural_number,
        help="recompute at most N swaps; 0 for none",
    )
    add("--all-final", action="store_true", help="count unfinished orders as wrong")
    return parser.parse_args()


def _audit(arguments: argparse.Namespace) -> Report:
    url = arguments.database_url
    seed, gap = arguments.market_seed, arguments.venue_gap_bps
    if not url:
        stack = running(instead="set DATABASE_URL")
        url = stack.database_url
        seed = seed or stack.parameters.get("MarketSeed")
        gap = gap or stack.parameters.get("VenueGapBps")
    with Console(stderr=True).status("comparing"):
        return audit(
            url,
            all_final=arguments.all_final,
            market=deployed_market(seed=seed, venue_gap_bps=gap),
            recompute_max=arguments.recompute,
        )


if __name__ == "__main__":
    main()
