"""`make deploy`: bring a stage up to date."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace

from infra.deploy.package import package
from infra.deploy.stack import deploy
from infra.local.commands import command
from infra.local.description import LOCAL_FOLDER, running
from infra.paths import ROOT
from infra.stages import LOCAL, target_of


def main() -> None:
    """Deploy a stage: `local` is the running `make dev` stack, any other name is AWS."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--settings-secret-arn", default=os.environ.get("SETTINGS_SECRET_ARN"))
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    if arguments.stage != LOCAL and not arguments.settings_secret_arn:
        parser.error("AWS needs --settings-secret-arn or SETTINGS_SECRET_ARN")
    with command():
        outputs = _deploy_locally() if arguments.stage == LOCAL else _deploy_to_aws(arguments)
    for name in ("EndpointURL", "WebsocketConnectEndpointURL"):
        print(f"{name}: {outputs[name]}")


def _deploy_locally() -> Mapping[str, str]:
    description = running()
    artifact = package(LOCAL, LOCAL_FOLDER / "build", compressed=False)
    outputs = deploy(description.target(), artifact)
    replace(description, outputs=outputs).write(LOCAL_FOLDER)
    return outputs


def _deploy_to_aws(arguments: argparse.Namespace) -> Mapping[str, str]:
    target = replace(
        target_of(arguments.stage),
        settings_secret_arn=arguments.settings_secret_arn,
        parameters=dict(pair.split("=", 1) for pair in arguments.parameter),
    )
    return deploy(target, package(target.stage, ROOT / "build" / target.stage))


if __name__ == "__main__":
    main()
