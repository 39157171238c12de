"""`make deploy`: bring a stage up to date."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from rich.console import Console

from infra.arguments import OneLineArgumentParser, database_url
from infra.deploy.change_sets import changeable, parameters_before
from infra.deploy.confirm import confirm
from infra.deploy.database import bring_up_database, database_target
from infra.deploy.package import package
from infra.deploy.parameters import named_parameters
from infra.deploy.preflight import (
    describe_account,
    require_access_log_role,
    require_concurrency,
    require_runtime,
)
from infra.deploy.progress import Progress
from infra.deploy.release import Released, release
from infra.deploy.secrets import find_or_make_secrets, has_settings, require_secrets
from infra.deploy.stack import all_parameters, deploy
from infra.deploy.target import Target
from infra.deploy.template import merge_template
from infra.local.commands import command
from infra.local.description import LOCAL_FOLDER, running
from infra.paths import ROOT
from infra.stages import LOCAL, stage_name, target_of

# The secrets of a stage, and the variables that name them.
SECRETS = {"settings": "SETTINGS_SECRET_ARN", "wallet": "WALLET_SECRET_ARN"}
# Parameters that have a variable, too: those of a network of one's own.
NETWORK = {"SubnetIds": "SUBNET_IDS", "SecurityGroupIds": "SECURITY_GROUP_IDS"}
# Parameters that the database's stack has as well.
SHARED = ("AlarmTopic",)
# The outputs of a stack that say where its APIs are.
ADDRESSES = ("EndpointURL", "WebsocketConnectEndpointURL")
RDS, URL = "rds", "url"
RDS_COST = "a PostgreSQL and a NAT gateway: about 50 $ a month while idle"


class Found(NamedTuple):
    """What there is before a deployment to AWS."""

    account: str
    is_new: bool
    has_database: bool


def main() -> None:
    """Deploy a stage: `local` is the running `make dev` stack, any other name is AWS."""
    arguments = _parser().parse_args()
    with command():
        parameters = named_parameters(arguments.parameter)
        if arguments.stage == LOCAL:
            _print(_deploy_locally(parameters))
            return
        released = _deploy_to_aws(arguments, parameters)
        _print(released.outputs)
        if released.api_key:
            # Once: it is stored nowhere.
            print(json.dumps({"apiKey": released.api_key}))


def _parser() -> OneLineArgumentParser:
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", type=stage_name, required=True)
    parser.add_argument("--database", choices=[RDS, URL], default=os.environ.get("DATABASE"))
    default = os.environ.get("DATABASE_URL")
    parser.add_argument("--database-url", type=database_url, default=default)
    for name, variable in SECRETS.items():
        parser.add_argument(f"--{name}-secret-arn", default=os.environ.get(variable, ""))
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--change-runtime", action="store_true", help="to this Python")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _print(addresses: Mapping[str, str]) -> None:
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


def _deploy_to_aws(arguments: argparse.Namespace, parameters: Mapping[str, str]) -> Released:
    stage = target_of(arguments.stage)
    before = parameters_before(stage, merge_template())
    target = replace(
        stage,
        # A stage keeps its secrets until others are named.
        settings_secret_arn=arguments.settings_secret_arn or before.get("SettingsSecretArn", ""),
        wallet_secret_arn=arguments.wallet_secret_arn or before.get("WalletSecretArn", ""),
        parameters={**_network(), **parameters},
    )
    progress = Progress(Console(stderr=True, highlight=False))
    found = _preflight(target, arguments, progress)
    database = _database_of(target, arguments, found)
    confirm(_intention(target, database, found), is_given=arguments.yes)
    url = arguments.database_url
    if database == RDS:
        with progress.step("database"):
            shared = {n: v for n, v in target.parameters.items() if n in SHARED}
            own = bring_up_database(target, shared, progress.report)
        url = own.url
        target = replace(target, parameters={**target.parameters, **own.parameters})
    with progress.step("secrets") as outcome:
        target, made = find_or_make_secrets(target, url)
        require_secrets(target, all_parameters(target, merge_template()))
        outcome.append(f"made {' and '.join(made)}" if made else "as they were")
    with progress.step("package"):
        artifact = package(target.stage, ROOT / "build" / target.stage)
    return release(target, artifact, progress)


def _network() -> Mapping[str, str]:
    return {name: os.environ[v] for name, v in NETWORK.items() if os.environ.get(v)}


def _database_of(target: Target, arguments: argparse.Namespace, found: Found) -> str:
    """Whose the stage's database is: as said, as before, and RDS for a new stage."""
    if arguments.database:
        return str(arguments.database)
    if found.has_database:
        return RDS
    is_named = arguments.database_url or target.settings_secret_arn or has_settings(target)
    return URL if is_named else RDS


def _preflight(target: Target, arguments: argparse.Namespace, progress: Progress) -> Found:
    """Check what can be checked beforehand, and return what there is."""
    with progress.step("preflight") as outcome:
        stack, own = (changeable(each) for each in (target, database_target(target)))
        require_runtime(target, may_change=arguments.change_runtime)
        parameters = all_parameters(target, merge_template())
        account = describe_account(target)
        outcome += [account, require_concurrency(target, parameters)]
        require_access_log_role(target, parameters)
    return Found(account=account, is_new=stack is None, has_database=own is not None)


def _intention(target: Target, database: str, found: Found) -> str:
    verb = "create" if found.is_new else "update"
    cost = "" if found.has_database else f" ({RDS_COST})"
    also = f" and its database{cost}" if database == RDS else ""
    return f"{verb} {target.stack_name}{also} in {found.account}"


if __name__ == "__main__":
    main()
