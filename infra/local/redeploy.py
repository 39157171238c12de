"""Bring the code as it is now to the running local stack."""

from collections.abc import Mapping
from dataclasses import replace

from infra.deploy.package import package
from infra.deploy.stack import deploy
from infra.local.description import LOCAL_FOLDER, running


def redeploy() -> Mapping[str, str]:
    """Package the code as it is now and update the running stack."""
    description = running()
    artifact = package("local", LOCAL_FOLDER / "build", compressed=False)
    outputs = deploy(description.target(), artifact)
    replace(description, outputs=outputs).write(LOCAL_FOLDER)
    return outputs
