"""Run the tests in tests/localstack against LocalStack: one started here, or the one that
LOCALSTACK_HOST names.

Without Docker, LocalStack has no DynamoDB, Lambda or WebSocket APIs; the tests of these services
are skipped. Whatever happens, no process is left running.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.clients import LOCAL_ENVIRONMENT, local_clients
from infra.errors import StackStartError
from infra.local.commands import command
from infra.local.description import LOCAL_FOLDER
from infra.local.processes import LOOPBACK, free_port, spawn, stop, uninterrupted, wait_until
from infra.paths import ROOT

TESTS = ROOT / "tests" / "localstack"
REQUIREMENTS = ROOT / "requirements-localstack.txt"
ENVIRONMENT = ROOT / ".venv-localstack"
PYTHON = str(ENVIRONMENT / "bin" / "python")
START_SECONDS = 60
# Secrets Manager starts Lambda as well, which then says itself that it cannot run.
SERVICES = "cloudformation,cloudwatch,iam,s3,secretsmanager,sqs,sts"
# Nothing listens on the discard port: a call to an outside host fails at once.
NOWHERE = f"http://{LOOPBACK}:9"
# What LocalStack does not do by itself, and what each service waits for.
NEEDS = {
    "apigateway": "functions to call",
    "apigatewayv2": "a LocalStack licence",
    "dynamodb": "a download, DynamoDB Local",
    "lambda": "a Docker engine",
}


@contextmanager
def localstack(log: Path) -> Iterator[str]:
    """Run LocalStack on a free loopback port, and give its host and port."""
    host = f"{LOOPBACK}:{free_port()}"
    with tempfile.TemporaryDirectory(prefix="localstack-", ignore_cleanup_errors=True) as scratch:
        child = spawn(
            [PYTHON, "-m", "localstack.runtime.main"],
            log=log,
            env=_environment(scratch, host),
            cwd=Path(scratch),
        )
        try:
            wait_until(lambda: _answers(host, child), START_SECONDS, "LocalStack")
            yield host
        finally:
            with uninterrupted():
                stop(child)


def install(log: Path) -> None:
    """Create LocalStack's virtual environment, unless it has these requirements already."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = ENVIRONMENT / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing LocalStack into {ENVIRONMENT.name} (once, a minute or two).", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], log)
    _run([PYTHON, "-m", "pip", "install", "-qq", "-r", str(REQUIREMENTS)], log)
    stamp.write_text(wanted)


def _run(arguments: Sequence[str], log: Path) -> None:
    child = spawn(arguments, log=log, env=os.environ)
    try:
        if child.wait():
            end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise StackStartError(f"LocalStack could not be installed:\n{end}")
    finally:
        stop(child)


def _environment(scratch: str, host: str) -> dict[str, str]:
    """Return all that LocalStack sees: nothing of the caller's, so no token, profile or debug flag.

    It keeps everything below `scratch`, but for empty folders in /tmp/localstack-s3-storage.
    """
    return LOCAL_ENVIRONMENT | {
        "PATH": os.defpath,
        "HOME": scratch,
        "TMPDIR": scratch,
        "FILESYSTEM_ROOT": scratch,
        # In a container LocalStack would take the whole file system, and port 53, for its own.
        "OVERRIDE_IN_DOCKER": "0",
        "DNS_ADDRESS": "0",
        # Its default server ignores the address, and listens on all of them.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": host,
        # Its name in answers, and for itself. The default is a name in the public DNS.
        "LOCALSTACK_HOST": host.replace(LOOPBACK, "localhost"),
        "SQS_ENDPOINT_STRATEGY": "path",
        "SERVICES": SERVICES,
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _answers(host: str, child: subprocess.Popen[bytes] | None = None) -> bool:
    """Tell whether a call succeeds: releases exist that report health while every call fails."""
    if child and child.poll() is not None:
        raise StackStartError("LocalStack stopped unexpectedly")
    once = Config(retries={"total_max_attempts": 1})
    try:
        local_clients(host).client("sts", config=once).get_caller_identity()
    except (BotoCoreError, ClientError, RuntimeError, ValueError):
        # Or it is no address at all.
        return False
    return True


def _explain() -> None:
    print("LocalStack runs without Docker here; tests of these services are skipped:")
    for service, need in NEEDS.items():
        print(f"  {service:<13} needs {need}")
    print("To run them: make test-localstack LOCALSTACK_HOST=host:port", flush=True)


def _test(host: str, arguments: Sequence[str]) -> int:
    os.environ["LOCALSTACK_HOST"] = host
    return int(pytest.main([str(TESTS), "--no-fold-skipped", *arguments]))


def _run_tests(arguments: Sequence[str]) -> int:
    host = os.environ.get("LOCALSTACK_HOST")
    if host:
        print(f"Testing against LocalStack at {host}.", flush=True)
        if not _answers(host):
            raise StackStartError(f"LocalStack does not answer at {host}")
        return _test(host, arguments)
    LOCAL_FOLDER.mkdir(exist_ok=True)
    log = LOCAL_FOLDER / "localstack.log"
    log.unlink(missing_ok=True)
    install(log)
    _explain()
    with localstack(log) as started:
        return _test(started, arguments)


def main() -> None:
    """Run the tests, with further arguments for pytest, and exit with its status."""
    with command():
        status = _run_tests(sys.argv[1:])
    sys.exit(status)


if __name__ == "__main__":
    main()
