"""`make deploy`: bring a stage up to date."""

import argparse
import os

from infra.deploy.package import package
from infra.deploy.stack import deploy
from infra.local.redeploy import redeploy
from infra.paths import ROOT
from infra.stages import LOCAL, target_of


def main() -> None:
    """Deploy a stage: `local` is the running `make dev` stack, any other name is AWS."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--settings-secret-arn", default=os.environ.get("SETTINGS_SECRET_ARN"))
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    if arguments.stage == LOCAL:
        report = redeploy()
    else:
        if not arguments.settings_secret_arn:
            parser.error("AWS needs --settings-secret-arn or SETTINGS_SECRET_ARN")
        target = target_of(
            arguments.stage,
            settings_secret_arn=arguments.settings_secret_arn,
            parameters=dict(pair.split("=", 1) for pair in arguments.parameter),
        )
        folder = ROOT / "build" / target.stage
        report = deploy(target, package(target.stage, folder))
    for name in ("EndpointURL", "WebsocketConnectEndpointURL"):
        print(f"{name}: {report[name]}")


if __name__ == "__main__":
    main()
