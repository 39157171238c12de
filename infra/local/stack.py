"""Start and stop the whole local stack."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Self

from solders.keypair import Keypair

from infra.deploy.clients import LOCAL_ENVIRONMENT, local_clients
from infra.deploy.package import Artifact, package
from infra.deploy.stack import deploy
from infra.errors import StackStartError
from infra.local import processes
from infra.local.description import DESCRIPTION, Description
from infra.local.leftovers import MARK, SCRATCH, clear_leftovers, remove_scratch
from infra.local.lock import FolderLock
from infra.local.postgres import LocalPostgres
from infra.local.processes import LOOPBACK
from infra.local.warm_up import WORKERS, warm_up
from infra.paths import ROOT

START_SECONDS = 60
SECRET_NAMES = ("orders-local", "orders-local-wallet")


class LocalStack:
    """PostgreSQL, the emulator, the deployed artifact and the front door, on loopback ports.

    It has nothing to do with the product LocalStack, which localstack.py runs. As a context manager
    it stops every process that it started, whatever happens.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        parameters: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self.port = port or processes.free_port()
        self._base_url = f"http://localhost:{self.port}"
        self._lock = FolderLock(folder)
        self.postgres = LocalPostgres(folder)
        self.emulator_port = processes.free_port()
        self._aws_port, self._database_port = self.emulator_port, self.postgres.port
        self._parameters = dict(parameters or {})
        self._report = report
        self._children: list[subprocess.Popen[bytes]] = []
        self._description: Description | None = None

    @property
    def description(self) -> Description:
        """Where the parts are, once the stack is up."""
        if self._description is None:
            raise RuntimeError("the stack is not running")
        return self._description

    def __enter__(self) -> Self:
        if self._description is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def process_ids(self) -> list[int]:
        """Return the processes that this object started; the functions' are children of theirs."""
        return [*(child.pid for child in self._children), *self.postgres.process_ids()]

    def reroute(self, *, aws_port: int, database_port: int) -> None:
        """Let the functions call AWS and the database through these ports, from the start on."""
        self._aws_port, self._database_port = aws_port, database_port

    def start(self) -> None:
        """Start everything, or nothing."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, the front door first; what this object did not start stays."""
        with processes.uninterrupted():
            while self._children:
                processes.stop(self._children.pop())
            self.postgres.stop()
            if self._lock.is_held:
                remove_scratch(self.folder)
                self._lock.release()

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(f"{self._base_url} (process {os.getpid()})")
        clear_leftovers(self.folder)
        if objection := processes.port_objection(self.port):
            raise StackStartError(f"port {self.port} {objection}; choose another with PORT=…")
        self._report("starting PostgreSQL and the AWS emulator")
        self._start_emulator()
        self.postgres.start()
        self._report("packaging the functions (the first time, this downloads their wheels)")
        artifact = package("local", self.folder / "build", compressed=False)
        self._wait_for(self.emulator_port)
        self._report("deploying")
        description = self._deploy(artifact)
        self._report("warming the functions up")
        warm_up(description)
        description.write(self.folder)
        self._start_front_door()
        self._wait_for(self.port)
        self._description = description

    def _start_emulator(self) -> None:
        scratch = self.folder / SCRATCH
        scratch.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            **LOCAL_ENVIRONMENT,
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.emulator_port),
            "TMPDIR": str(scratch),
            "LOG_LEVEL": "WARNING",
            # These would listen on all addresses.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_WARM_TTL_SECONDS": "3600",
            # The emulator hands it on to the functions.
            "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{self._aws_port}",
        }
        self._spawn("emulator", env=environment)

    def _start_front_door(self) -> None:
        description = str(self.folder / DESCRIPTION)
        self._spawn("front_door", "--port", str(self.port), "--description", description)

    def _spawn(self, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", f"infra.local.{module}", *arguments]
        log = self.folder / f"{module}.log"
        marked = {**(env or os.environ), MARK: str(self.folder.resolve())}
        self._children.append(processes.spawn(command, log=log, cwd=ROOT, env=marked))

    def _deploy(self, artifact: Artifact) -> Description:
        host = f"{LOOPBACK}:{self.emulator_port}"
        parameters = {
            "PublicBaseUrl": self._base_url,
            "StreamUrl": f"ws://localhost:{self.port}/api/orders/execute",
            "WebsocketDataPlane": f"http://{LOOPBACK}:{self._aws_port}/_aws/execute-api",
            "WorkerConcurrency": str(WORKERS),
            "AuthMode": "none",
            "DatabaseRoots": "url",
            **self._parameters,
        }
        settings = {
            "database_url": self.postgres.url_through(self._database_port),
            "signing_secret": self._secret("signing.key", token_urlsafe),
        }
        wallet = {"wallet_secret_key": self._secret("wallet.key", lambda: str(Keypair()))}
        secrets = local_clients(host).client("secretsmanager")
        settings_arn, wallet_arn = (
            secrets.create_secret(Name=name, SecretString=json.dumps(content))["ARN"]
            for name, content in zip(SECRET_NAMES, (settings, wallet), strict=True)
        )
        description = Description(
            base_url=self._base_url,
            database_url=self.postgres.url,
            emulator_host=host,
            settings_secret_arn=settings_arn,
            wallet_secret_arn=wallet_arn,
            parameters=parameters,
            outputs={},
        )
        return replace(description, outputs=deploy(description.target(), artifact))

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        """Return the secret of that name, made on first use and kept with the data."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(make())
        return path.read_text()

    def _wait_for(self, port: int) -> None:
        def is_up() -> bool:
            if any(child.poll() is not None for child in self._children):
                raise StackStartError(f"a part of the stack stopped; the logs are in {self.folder}")
            return processes.is_listening(port)

        processes.wait_until(is_up, START_SECONDS, f"port {port}")
