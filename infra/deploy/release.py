"""A release to a stage on AWS: the schema first, then the functions, then an order as clients place
one; and the former release again when that order does not come to its end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import ApiKey, Scope, make_key
from infra.deploy.change_sets import Parameters, apply_template, describe_stack, outputs
from infra.deploy.operator import Operator, find_operator, operator_of
from infra.deploy.package import Artifact
from infra.deploy.progress import Progress
from infra.deploy.remote import RemoteHaltSwitch, RemoteKeyStore
from infra.deploy.smoke import smoke_test
from infra.deploy.stack import prepare
from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.errors import DeploymentError

# The owner of the key that a new stage's first user gets, and of the one that the test uses.
FIRST_OWNER, TEST_OWNER = OwnerId("operator"), OwnerId("smoke-test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Where the stage's APIs are, and the key for its first user: only of a new stage that asks for
    keys."""

    outputs: Mapping[str, str]
    api_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """What a stack was before a release."""

    template: Template
    parameters: Parameters

    @classmethod
    def of(cls, target: Target) -> "Former | None":
        """Return what the stack is, None when there is none."""
        stack = describe_stack(target)
        if stack is None:
            return None
        body = target.clients.client("cloudformation").get_template(
            StackName=target.stack_name, TemplateStage="Original"
        )["TemplateBody"]
        values = [
            {"ParameterKey": each["ParameterKey"], "ParameterValue": each["ParameterValue"]}
            for each in stack.get("Parameters", [])
        ]
        return cls(template=body, parameters=values)


def public_base_url(found: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    """Return where clients reach the HTTP API of a stack with these outputs and parameters."""
    return parameters["PublicBaseUrl"] or found["EndpointURL"]


def release(
    target: Target,
    artifact: Artifact,
    progress: Progress,
    *,
    base_url_of: Callable[[Mapping[str, str], Mapping[str, str]], str] = public_base_url,
) -> Released:
    """Bring the stage to this code, and see that it works at its public address.

    Raises DeploymentError when something is refused or fails; a stage that was there before is then
    as it was, but for the schema, which the former code can use.
    """
    former = Former.of(target)
    with progress.step("code") as outcome:
        prepared = prepare(target, artifact)
        outcome.append(f"{artifact.archive.stat().st_size / 1e6:.1f} MB uploaded")
    operator = find_operator(target)
    if operator is not None:
        _migrate(operator, progress, code_uri=prepared.code_uri)
    with progress.step("functions") as outcome:
        apply_template(target, prepared.template, prepared.to_set, report=progress.report)
        outcome.append("as in the template")
    if operator is None:
        operator = operator_of(target)
        _migrate(operator, progress)
    found = outputs(target)
    is_closed = prepared.parameters["AuthMode"] == "api_key"
    with _restoring(target, former, progress):
        base_url = base_url_of(found, prepared.parameters)
        _try_out(operator, base_url, progress, is_closed=is_closed)
    is_first = former is None and is_closed
    key = _new_key(operator, FIRST_OWNER, Scope.ADMIN)[0] if is_first else None
    return Released(outputs=found, api_key=key)


def _migrate(operator: Operator, progress: Progress, *, code_uri: str | None = None) -> None:
    """Bring the schema up to date, with this code while the others still run theirs."""
    with progress.step("schema") as outcome:
        if code_uri:
            operator.take_code(code_uri)
        applied = operator.ask("migrate")["migrations"]
        outcome.append(f"{len(applied)} migrations" if applied else "as it was")


def _try_out(operator: Operator, base_url: str, progress: Progress, *, is_closed: bool) -> None:
    with progress.step("smoke test") as outcome:
        if RemoteHaltSwitch(operator).halted_since():
            outcome.append("left out: the stage is halted")
            return
        if not is_closed:
            outcome.append(smoke_test(base_url, None))
            return
        text, key = _new_key(operator, TEST_OWNER, Scope.TRADE)
        try:
            outcome.append(smoke_test(base_url, text))
        finally:
            RemoteKeyStore(operator).revoke(key.key_id, datetime.now(UTC))


@contextmanager
def _restoring(target: Target, former: Former | None, progress: Progress) -> Iterator[None]:
    """Bring the former release back when what is tried fails."""
    try:
        yield
    except DeploymentError as error:
        if former is None:
            raise DeploymentError(f"{error}; {target.stack_name} stays, to be looked at") from error
        with progress.step("rollback"):
            apply_template(target, former.template, former.parameters, report=progress.report)
        raise DeploymentError(f"{error}; the former release is back") from error


def _new_key(operator: Operator, owner: OwnerId, scope: Scope) -> tuple[str, ApiKey]:
    """Add a key to the stage, and return it as its owner gets it, and what is kept of it."""
    text, key = make_key(owner, scope, datetime.now(UTC))
    RemoteKeyStore(operator).add(key)
    return text, key
