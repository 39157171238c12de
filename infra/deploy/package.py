"""Build what is deployed: a CloudFormation template, and the functions' code."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.deploy.bytecode import add_bytecode
from infra.deploy.clients import LOCAL_REGION
from infra.deploy.gateway import answer_everything
from infra.deploy.template import (
    Template,
    let_roles_join_network,
    let_websocket_stage_deploy_itself,
    merge_template,
    name_rest_api,
    name_runtime,
    require_partial_batches,
)
from infra.errors import DeploymentError
from infra.paths import ROOT
from infra.programs import program, run_program


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What is deployed: a CloudFormation template and the functions' code."""

    template: Template
    archive: Path


def package(stage: str, folder: Path, *, compressed: bool = True) -> Artifact:
    """Build the artifact with Chalice into `folder`.

    Uncompressed code costs an emulator less at every cold start; the files are the same.
    Raises DeploymentError when the template's parts contradict each other, when Chalice fails, or
    when the functions would lose messages.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / "parts.json"
    parts.write_text(json.dumps(merge_template(), indent=2))
    command = [program("chalice"), "package", "--stage", stage]
    command += ["--template-format", "json", "--merge-template", str(parts), str(folder)]
    environment = {"AWS_DEFAULT_REGION": LOCAL_REGION, **os.environ}
    with _locked():
        run_program(command, DeploymentError, cwd=ROOT, env=environment)
    template = json.loads((folder / "sam.json").read_text())
    let_websocket_stage_deploy_itself(template)
    answer_everything(template)
    let_roles_join_network(template)
    name_rest_api(template)
    name_runtime(template)
    require_partial_batches(template)
    (folder / "sam.json").write_text(json.dumps(template, indent=2))
    archive = add_bytecode(folder / "deployment.zip", compressed=compressed)
    return Artifact(template=template, archive=archive)


@contextmanager
def _locked() -> Iterator[None]:
    """Let one process package at a time: Chalice keeps what it builds beside the code."""
    lock = ROOT / ".chalice" / "deployments" / "lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
