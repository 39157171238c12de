"""How a stack is brought to its template: what is asked of CloudFormation, and what it refuses."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from infra.deploy.change_sets import apply_template, describe_stack
from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.deploy.upload import Bucket
from infra.errors import DeploymentError

ACCOUNT = "123456789012"
TEMPLATE: Template = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
}


@pytest.fixture
def target(aws: boto3.session.Session, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    # moto finds a bucket in a path only behind this name.
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url.replace("127.0.0.1", "localhost"))
    return Target(clients=aws, stage="prod", poll_seconds=0.01)


def queues_of(target: Target) -> int:
    client: Any = target.clients.client("sqs")
    return len(client.list_queues().get("QueueUrls", []))


def test_stack_has_what_its_template_says_when_it_is_made_and_changed(target: Target) -> None:
    grown = {"Resources": {**TEMPLATE["Resources"], "Second": {"Type": "AWS::SQS::Queue"}}}

    apply_template(target, TEMPLATE, [])
    before = queues_of(target)
    apply_template(target, grown, [])

    assert (before, queues_of(target)) == (1, 2)


def test_stack_takes_a_template_that_is_too_large_to_be_sent_with_the_call(target: Target) -> None:
    apply_template(target, {**TEMPLATE, "Metadata": {"Text": "x" * 60_000}}, [])

    assert queues_of(target) == 1


def test_bucket_is_refused_when_another_account_has_it(target: Target) -> None:
    storage: Any = target.clients.client("s3")
    with Stubber(storage) as stubbed:
        stubbed.add_client_error("head_bucket", "403", "Forbidden", http_status_code=403)
        with pytest.raises(DeploymentError, match="cannot be used"):
            Bucket.of(Target(clients=Fixed(target, s3=storage), stage="prod"))


def test_every_call_to_the_bucket_says_whose_it_must_be(target: Target) -> None:
    owners: list[Any] = []
    storage: Any = target.clients.client("s3")
    for operation in ("HeadBucket", "PutObject"):
        storage.meta.events.register(
            f"provide-client-params.s3.{operation}",
            lambda params, **_: owners.append(params.get("ExpectedBucketOwner")),
        )

    Bucket.of(Target(clients=Fixed(target, s3=storage), stage="prod")).upload_template("{}")

    assert owners == [ACCOUNT, ACCOUNT]


class Fixed:
    """The clients of a target, some of them these."""

    def __init__(self, target: Target, **clients: BaseClient) -> None:
        self._target, self._clients = target, clients

    def client(self, service_name: str, **options: Any) -> BaseClient:
        return self._clients.get(service_name) or self._target.clients.client(service_name)


Answer = Callable[[Stubber], None]


def in_state(state: str) -> Answer:
    stack = {"StackName": "orders-prod", "StackStatus": state, "CreationTime": 0}
    return lambda stubbed: stubbed.add_response("describe_stacks", {"Stacks": [stack]})


def refusing(code: str, message: str) -> Answer:
    return lambda stubbed: stubbed.add_client_error("describe_stacks", code, message)


@pytest.fixture
def target_that(target: Target) -> Callable[..., Target]:
    """A target whose CloudFormation answers this; any other call fails."""

    def make(*answers: Answer) -> Target:
        cloudformation: Any = target.clients.client("cloudformation")
        stubbed = Stubber(cloudformation)
        for answer in answers:
            answer(stubbed)
        stubbed.activate()
        return Target(clients=Fixed(target, cloudformation=cloudformation), stage="prod")

    return make


def test_stack_is_absent_only_when_cloudformation_says_so(
    target_that: Callable[..., Target],
) -> None:
    absent = refusing("ValidationError", "Stack with id orders-prod does not exist")

    assert describe_stack(target_that(absent)) is None
    assert describe_stack(target_that(in_state("REVIEW_IN_PROGRESS"))) is None
    assert describe_stack(target_that(in_state("UPDATE_COMPLETE"))) is not None


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied", "ExpiredToken", "ValidationError"])
def test_stack_is_not_taken_for_absent_when_it_cannot_be_asked_about(
    target_that: Callable[..., Target], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        describe_stack(target_that(refusing(code, "no")))


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name"),
        ("ROLLBACK_FAILED", "delete-stack --stack-name"),
        ("CREATE_FAILED", "delete-stack --stack-name"),
        ("DELETE_FAILED", "delete-stack --stack-name"),
        ("UPDATE_IN_PROGRESS", "wait"),
        ("CREATE_IN_PROGRESS", "wait"),
        ("DELETE_IN_PROGRESS", "wait"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "wait"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name orders-prod"),
    ],
)
def test_stack_is_left_alone_in_one_line_when_it_takes_no_change_now(
    target_that: Callable[..., Target], state: str, advice: str
) -> None:
    with pytest.raises(DeploymentError) as refusal:
        apply_template(target_that(in_state(state)), TEMPLATE, [])

    said = str(refusal.value)
    assert said.startswith(f"orders-prod is {state}: ")
    assert advice in said
    assert "\n" not in said


def test_nothing_is_left_when_a_new_stack_fails(target: Target) -> None:
    asked: list[Any] = []
    cloudformation: Any = target.clients.client("cloudformation")
    cloudformation.meta.events.register(
        "provide-client-params.cloudformation.CreateChangeSet",
        lambda params, **_: asked.append((params["ChangeSetType"], params.get("OnStackFailure"))),
    )
    watched = Target(
        clients=Fixed(target, cloudformation=cloudformation), stage="prod", poll_seconds=0.01
    )

    for template in (TEMPLATE, {**TEMPLATE, "Description": "changed"}):
        apply_template(watched, template, [])

    assert asked == [("CREATE", "DELETE"), ("UPDATE", None)]
