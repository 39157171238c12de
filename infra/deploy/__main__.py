"""`make deploy`: bring a stage up to date."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace

from infra.arguments import OneLineArgumentParser
from infra.deploy.package import package
from infra.deploy.parameters import named_parameters
from infra.deploy.preflight import require_runtime
from infra.deploy.stack import deploy
from infra.errors import DeploymentError
from infra.local.commands import command
from infra.local.description import LOCAL_FOLDER, running
from infra.paths import ROOT
from infra.stages import LOCAL, stage_name, target_of

# The secrets of a stage, and the variables that name them.
SECRETS = {"settings": "SETTINGS_SECRET_ARN", "wallet": "WALLET_SECRET_ARN"}
# The outputs of a stack that say where its APIs are.
ADDRESSES = ("EndpointURL", "WebsocketConnectEndpointURL")


def main() -> None:
    """Deploy a stage: `local` is the running `make dev` stack, any other name is AWS."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", type=stage_name, required=True)
    for name, variable in SECRETS.items():
        parser.add_argument(f"--{name}-secret-arn", default=os.environ.get(variable))
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--change-runtime", action="store_true", help="to this Python")
    arguments = parser.parse_args()
    with command():
        parameters = named_parameters(arguments.parameter)
        if arguments.stage == LOCAL:
            addresses = _deploy_locally(parameters)
        else:
            addresses = _deploy_to_aws(arguments, parameters)
    for name in ADDRESSES:
        print(f"{name}: {addresses[name]}")


def _deploy_locally(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Deploy to the running stack, and return where its front door is."""
    before = running()
    description = replace(before, parameters={**before.parameters, **parameters})
    artifact = package(LOCAL, LOCAL_FOLDER / "build", compressed=False)
    outputs = deploy(description.target(), artifact)
    replace(description, outputs=outputs).write(LOCAL_FOLDER)
    return dict(zip(ADDRESSES, (description.base_url, description.stream_url), strict=True))


def _deploy_to_aws(
    arguments: argparse.Namespace, parameters: Mapping[str, str]
) -> Mapping[str, str]:
    stage = arguments.stage
    arns = {f"{name}_secret_arn": getattr(arguments, f"{name}_secret_arn") for name in SECRETS}
    for name, variable in SECRETS.items():
        if not arns[f"{name}_secret_arn"]:
            raise DeploymentError(f"AWS needs --{name}-secret-arn or {variable}")
    target = replace(target_of(stage), **arns, parameters=parameters)
    require_runtime(target, may_change=arguments.change_runtime)
    return deploy(target, package(stage, ROOT / "build" / stage))


if __name__ == "__main__":
    main()
