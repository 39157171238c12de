"""checkov on what CloudFormation gets, with the exceptions that are named in
checkov_exceptions.json: each a check, why it does not hold here, and of which resources."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.deploy.database import DATABASE_TEMPLATE
from infra.deploy.template import Template
from infra.errors import DeploymentError
from infra.local.commands import command
from infra.paths import ROOT

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
EXCEPTIONS = ROOT / "infra" / "verify" / "checkov_exceptions.json"
# `infra.verify.sizes` writes it: the template as CloudFormation sees it.
TRANSLATED = ROOT / "build" / "prod" / "translated.json"

#: A check, and a resource that it does not hold of.
Finding = tuple[str, str]


def main() -> None:
    """Check the translated template and the database's, and say so in a line."""
    with command():
        found = findings(json.loads(path.read_text()) for path in (TRANSLATED, DATABASE_TEMPLATE))
        excepted = exceptions()
        if objections := [*objections_to(found, excepted)]:
            raise DeploymentError("\n".join(objections))
    print(f"checkov: nothing but the {len(excepted)} exceptions that are named")


def findings(templates: Iterable[Template]) -> set[Finding]:
    """Return what checkov finds in the templates. Raises DeploymentError when it does not run."""
    with TemporaryDirectory(prefix="orders-checkov-") as folder:
        for number, template in enumerate(templates):
            (Path(folder) / f"{number}.json").write_text(json.dumps(template))
        arguments = ["--framework", "cloudformation", "--compact", "--quiet", "--soft-fail"]
        done = subprocess.run(
            [str(CHECKOV), "--directory", folder, *arguments, "--output", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        report = json.loads(done.stdout)
        return {
            (failed["check_id"], failed["resource"].rpartition(".")[2])
            for failed in report["results"]["failed_checks"]
        }
    except (ValueError, KeyError, TypeError) as error:
        said = next(iter(done.stderr.splitlines()), "it wrote no report")
        raise DeploymentError(f"checkov: {said}") from error


def exceptions() -> set[Finding]:
    """Return the exceptions that are named."""
    named: Mapping[str, Mapping[str, list[str]]] = json.loads(EXCEPTIONS.read_text())
    return {(check, each) for check, exception in named.items() for each in exception["resources"]}


def objections_to(found: set[Finding], excepted: set[Finding]) -> Iterable[str]:
    """Say what is found and not excepted, and what is excepted and not found any more."""
    for check, resource in sorted(found - excepted):
        yield f"checkov: {check} does not hold of {resource}: mend it, or name it with a reason"
    for check, resource in sorted(excepted - found):
        yield f"checkov: {check} holds of {resource}: it is no exception any more"


if __name__ == "__main__":
    main()
