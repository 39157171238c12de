"""Tables and diagrams of the documents say what the code says."""

import json
import re
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import typer

from chalicelib.domain.orders.hunts import LASTING, Finding
from chalicelib.domain.orders.lifecycle import TRANSITIONS
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.entrypoints.wire.forms import GUARDS
from infra.deploy.template import merge_template
from infra.operate.audit.checks import CLAIMS
from infra.verify.cost import PRICES, Usage, bill, read_prices
from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from tests.docs.markdown import ROOT, blocks, names, rows, section, source

TEMPLATE = merge_template()
LIMITS = rows(section("docs/limits.md", "Limits"), "limit")
IN_CODE = [(number, names(place)[0]) for _, number, place in LIMITS if len(names(place)) == 1]
IN_TEMPLATE = [(number, names(place)[0]) for _, number, place in LIMITS if len(names(place)) == 2]
UNIT = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}


def value_of(path: str) -> Any:
    """A constant, or the default of a field: `package.module.CONSTANT`, `….Class.field`."""
    *modules, last = path.split(".")
    if not modules[-1][0].isupper():
        return getattr(import_module(".".join(modules)), last)
    owner = getattr(import_module(".".join(modules[:-1])), modules[-1])
    return next(field.default for field in fields(owner) if field.name == last)


@pytest.mark.parametrize(("number", "path"), IN_CODE)
def test_limit_is_that_of_the_code_when_documented(number: str, path: str) -> None:
    amount, _, unit = number.partition(" ")

    value = value_of(path)

    if isinstance(value, timedelta):
        value = value.total_seconds() / UNIT[unit]
    assert value == int(amount)


@pytest.mark.parametrize(("number", "queue"), IN_TEMPLATE)
def test_deliveries_are_those_of_the_template_when_documented(number: str, queue: str) -> None:
    policy = TEMPLATE["Resources"][queue]["Properties"]["RedrivePolicy"]

    assert policy["maxReceiveCount"] == int(number)


def test_both_kinds_of_limits_are_found_when_read() -> None:
    assert len(IN_CODE) > 20
    assert len(IN_TEMPLATE) == 2
    assert len(IN_CODE) + len(IN_TEMPLATE) == len(LIMITS)


def test_parameters_are_those_of_the_template_when_documented() -> None:
    def default(parameter: dict[str, Any]) -> str:
        if "Default" not in parameter:
            return "required"
        return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"

    documented = rows(section("docs/deploying.md", "Parameters"), "parameter")

    assert sorted(documented) == sorted(
        [f"`{name}`", default(parameter), parameter["Description"]]
        for name, parameter in TEMPLATE["Parameters"].items()
    )


def test_state_diagram_has_the_transitions_of_the_table_when_drawn() -> None:
    [diagram] = [block.text for block in blocks() if "stateDiagram" in block.text]

    drawn = re.findall(r"^ +(\S+) --> ([\w*\[\]]+)", diagram, re.MULTILINE)

    inside = {pair for pair in drawn if "[*]" not in pair}
    assert inside == {(str(before), str(after)) for before, after in TRANSITIONS}
    assert {before for before, after in drawn if after == "[*]"} == {
        str(status) for status in OrderStatus if status.is_final
    }


def test_memory_is_that_of_the_functions_when_documented() -> None:
    config = json.loads(source(".chalice/config.json"))
    functions = {"accept": config, **config["lambda_functions"]}

    documented = rows(section("docs/deploying.md", "On AWS"), "function")

    assert {names(function)[0]: int(memory) for function, memory, _ in documented} == {
        name: function["lambda_memory_size"] for name, function in functions.items()
    }


def test_bill_has_the_rows_that_are_paid_for_and_adds_up_when_documented() -> None:
    documented = rows(section("docs/deploying.md", "On AWS"), "$ per million orders")
    nothing = Usage(orders=1, runs={}, cpu_seconds={}, calls={}, connected_minutes=0.0, log_bytes=0)

    assert [name for name, *_ in documented] == [*bill(nothing, read_prices(PRICES), {})]
    *items, total = ([float(cell) for cell in cells] for _, *cells in documented)
    for column, whole in zip(zip(*items, strict=True), total, strict=True):
        assert abs(sum(column) - whole) < 0.05
    # A third below what it was before waits were left to the queue and events were packed.
    assert total[0] < 64 * 2 / 3


def test_every_invariant_names_its_tests_when_listed() -> None:
    found = rows(section("docs/design.md", "The eight invariants"), "invariant")
    promised = re.findall(r"^(\d)\. ", section("README.md", "Guarantees"), re.MULTILINE)

    assert [text.split(".")[0] for text, *_ in found] == promised == [*"12345678"]
    assert all(names(proof) for *_, proof in found)


def test_every_table_of_the_database_is_listed_when_made() -> None:
    migrations = (ROOT / "chalicelib/adapters/sql/migrations").glob("*.sql")
    made = re.findall(
        r"CREATE TABLE (?:IF NOT EXISTS )?([\w.]+)", "".join(p.read_text() for p in migrations)
    )

    listed = names(section("docs/design.md", "The stores"))

    assert {*made} <= {*listed}


def test_functions_stand_in_the_diagram_of_the_front_page_when_deployed() -> None:
    [diagram] = [block.text for block in blocks() if block.text.startswith("flowchart")]
    named = re.findall(r'\bname="(\w+)"', source("app.py"))

    assert {*named, "accept", "connect"} <= {*re.findall(r"\b(\w+)\[", diagram)}


def test_checks_of_the_audit_are_listed_when_it_makes_them() -> None:
    listed = rows(section("docs/operating.md", "Audit"), "check")

    assert {names(name)[0]: claim for name, claim in listed} == CLAIMS


def test_exit_codes_are_those_of_the_command_line_when_listed() -> None:
    listed = rows(section("docs/cli.md", "For scripts"), "exit code")

    assert listed == [[str(int(code)), code.meaning] for code in ExitCode]


def test_types_of_orders_are_those_that_can_be_placed_when_listed() -> None:
    listed = rows(section("docs/waiting.md", "Types"), "type")

    known = {*OrderType} - {OrderType.MARKET, OrderType.EXIT}
    assert {name for cell, *_ in listed for name in names(cell)} == known


def test_guards_are_those_of_the_contract_when_listed() -> None:
    listed = rows(section("docs/waiting.md", "Snipers"), "guard")

    assert {name for cell, _ in listed for name in names(cell)} == {*GUARDS["properties"]}


def test_findings_are_told_with_whether_they_last_when_listed() -> None:
    listed = rows(section("docs/waiting.md", "Snipers"), "code")

    told = {name: final for cell, _, final in listed for name in names(cell)}
    lasting = {*LASTING, Finding.PASSED}
    assert told == {f: "yes" if f in lasting else "after `retryFor`" for f in Finding}


def test_commands_are_those_of_the_command_line_when_listed() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)

    listed = [
        (text.split()[0], description)
        for cell, description in rows(section("docs/cli.md", "Commands"), "command")
        for text in names(cell)
    ]

    assert {name for name, _ in listed} == group.commands.keys()
    for name, description in listed:
        parameters = group.commands[name].params
        flags = [flag for p in parameters for flag in (*p.opts, *p.secondary_opts)]
        options = {flag for flag in flags if flag.startswith("--")}
        assert set(re.findall(r"`(--[\w-]+)", description)) <= options
