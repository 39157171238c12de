import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.deploy.template import Template, merge_parts, merge_template, template_parts
from infra.errors import DeploymentError

PARTS = template_parts()
BY_REFERENCE = re.compile(r'"(?:Ref|Condition)": "(\w+)"|"Fn::If": \["(\w+)"|\$\{(\w+)[.}]')


def leaves(node: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The places of a template where a value stands."""
    if not isinstance(node, dict):
        yield path
        return
    for key, value in node.items():
        yield from leaves(value, *path, key)


def named_in(part: Template) -> set[str]:
    text = json.dumps(part)
    return {name for found in BY_REFERENCE.findall(text) for name in found if name}


def test_template_has_every_value_of_every_part_when_merged() -> None:
    merged = merge_template()

    of_parts = [leaf for part in PARTS.values() for leaf in leaves(part)]
    assert sorted(leaves(merged)) == sorted(of_parts)
    assert len(PARTS) > 1


@pytest.mark.parametrize("name", PARTS)
def test_part_uses_its_parameters_and_conditions_itself_when_complete(name: str) -> None:
    part = PARTS[name]

    declared = part.get("Parameters", {}).keys() | part.get("Conditions", {}).keys()

    assert declared <= named_in(part)


def test_parts_are_merged_key_by_key_when_they_complete_each_other() -> None:
    parts = {
        "one.json": {"Resources": {"Stage": {"Properties": {"AutoDeploy": True}}}},
        "two.json": {"Resources": {"Stage": {"Properties": {"Name": "live"}}}},
    }

    merged = merge_parts(parts)

    assert merged["Resources"]["Stage"]["Properties"] == {"AutoDeploy": True, "Name": "live"}
    assert parts["one.json"] == {"Resources": {"Stage": {"Properties": {"AutoDeploy": True}}}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("text", "text", id="same value"),
        pytest.param([1], [2], id="lists"),
        pytest.param({"Ref": "Queue"}, {"Fn::GetAtt": ["Queue", "Arn"]}, id="functions"),
        pytest.param({"Ref": "Queue"}, {"Type": "AWS::SQS::Queue"}, id="value and object"),
    ],
)
def test_merging_is_refused_when_two_parts_set_the_same_key(one: Any, other: Any) -> None:
    parts = {
        "one.json": {"Resources": {"Queue": one}},
        "two.json": {"Resources": {"Queue": other}},
    }

    with pytest.raises(DeploymentError, match=r"two\.json: Resources: Queue is set by another"):
        merge_parts(parts)
