"""What is said of checkov's findings: each is mended, or named with a reason."""

import json

from infra.verify.security import EXCEPTIONS, exceptions, objections_to

KNOWN = ("CKV_1", "Queue")
NEW = ("CKV_2", "Table")


def test_nothing_is_said_of_what_is_named() -> None:
    assert [*objections_to({KNOWN}, {KNOWN})] == []


def test_finding_that_nobody_named_is_told() -> None:
    [said] = objections_to({KNOWN, NEW}, {KNOWN})

    assert said.startswith("checkov: CKV_2 does not hold of Table")


def test_exception_that_is_none_any_more_is_told() -> None:
    [said] = objections_to(set(), {KNOWN})

    assert said == "checkov: CKV_1 holds of Queue: it is no exception any more"


def test_every_exception_has_a_reason_and_resources() -> None:
    named = json.loads(EXCEPTIONS.read_text())

    assert all(each["reason"].endswith(".") and each["resources"] for each in named.values())
    assert len(exceptions()) == sum(len(each["resources"]) for each in named.values())
