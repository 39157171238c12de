"""Run the tests in tests/localstack against LocalStack: one started here, or the one that
LOCALSTACK_HOST names.

Without Docker, LocalStack has no DynamoDB, Lambda or WebSocket APIs; the tests that want them are
skipped. Whatever happens, no process is left running.
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from infra.deploy.clients import LOCAL_REGION, local_clients
from infra.local.description import LOCAL_FOLDER
from infra.local.processes import LOOPBACK, free_port, spawn, stop
from infra.paths import ROOT

TESTS = ROOT / "tests" / "localstack"
REQUIREMENTS = ROOT / "requirements-localstack.txt"
ENVIRONMENT = ROOT / ".venv-localstack"
START_SECONDS = 60
STOPPING = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 128 + signal.SIGINT
# Secrets Manager brings Lambda with it, which then says itself that it cannot run.
SERVICES = "cloudformation,cloudwatch,iam,s3,secretsmanager,sqs,sts"
# Nothing listens on the discard port: what tries to call an outside host fails at once.
NOWHERE = f"http://{LOOPBACK}:9"
# What LocalStack does not do by itself, and what each service waits for.
NEEDS = {
    "apigateway": "functions to call",
    "apigatewayv2": "a LocalStack licence",
    "dynamodb": "a download, DynamoDB Local",
    "lambda": "a Docker engine",
}


class LocalStackError(Exception):
    """LocalStack could not be installed, or does not answer."""


@contextmanager
def localstack(log: Path) -> Iterator[str]:
    """Run LocalStack on a free loopback port, and give its host and port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="localstack-", ignore_cleanup_errors=True) as scratch:
        child = spawn(
            [str(_python()), "-m", "localstack.runtime.main"],
            log=log,
            env=_environment(Path(scratch), port),
            cwd=Path(scratch),
        )
        try:
            _wait_until_it_answers(f"{LOOPBACK}:{port}", child)
            yield f"{LOOPBACK}:{port}"
        finally:
            # An impatient second Ctrl-C must not leave it running.
            for number in STOPPING:
                signal.signal(number, signal.SIG_IGN)
            stop(child)


def install(log: Path) -> None:
    """Make LocalStack's environment, unless it is there with these requirements."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = ENVIRONMENT / "requirements.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing LocalStack into {ENVIRONMENT.name}: once, a minute or two.", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], log)
    _run([str(_python()), "-m", "pip", "install", "-qq", "-r", str(REQUIREMENTS)], log)
    stamp.write_text(wanted)


def _python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def _run(command: Sequence[str], log: Path) -> None:
    child = spawn(command, log=log, env=os.environ)
    try:
        if child.wait():
            raise LocalStackError(f"installing failed: {' '.join(command)}\n{_end_of(log)}")
    finally:
        stop(child)


def _environment(scratch: Path, port: int) -> dict[str, str]:
    """Return all that LocalStack sees: nothing of the caller's, so no token, profile or debug flag.

    It keeps everything below `scratch`, but for empty folders in /tmp/localstack-s3-storage.
    """
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "FILESYSTEM_ROOT": str(scratch),
        # In a container LocalStack would take the whole file system, and port 53, for its own.
        "OVERRIDE_IN_DOCKER": "0",
        "DNS_ADDRESS": "0",
        # Its default server ignores the address, and listens on all of them.
        "GATEWAY_SERVER": "hypercorn",
        "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
        # Its name in answers, and for itself. The default is a name in the public DNS.
        "LOCALSTACK_HOST": f"localhost:{port}",
        "SQS_ENDPOINT_STRATEGY": "path",
        "SERVICES": SERVICES,
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _wait_until_it_answers(host: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for a real answer: releases exist that report health while every call fails."""
    client = local_clients(host).client("sts", config=Config(retries={"total_max_attempts": 1}))
    patience = Retrying(
        retry=retry_if_exception_type((BotoCoreError, ClientError)),
        wait=wait_fixed(0.2),
        stop=stop_after_delay(START_SECONDS if child else 0),
        reraise=True,
    )
    try:
        for attempt in patience:
            with attempt:
                if child and child.poll() is not None:
                    raise LocalStackError("it ended by itself")
                client.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise LocalStackError(f"no answer at {host}: {error}") from error


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def _explain() -> None:
    print("LocalStack runs without Docker here. Tests of these services are skipped:")
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
        _wait_until_it_answers(host)
        return _test(host, arguments)
    LOCAL_FOLDER.mkdir(exist_ok=True)
    log = LOCAL_FOLDER / "localstack.log"
    log.unlink(missing_ok=True)
    install(log)
    _explain()
    with localstack(log) as started:
        return _test(started, arguments)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    """Run the tests, with further arguments for pytest, and return its exit code."""
    for number in STOPPING:
        signal.signal(number, _interrupt)
    try:
        return _run_tests(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED
    except LocalStackError as error:
        print(f"LocalStack: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
