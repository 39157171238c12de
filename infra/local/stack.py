"""Start, describe, redeploy and stop the whole local stack."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import not_
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import Self

from solders.keypair import Keypair
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from infra.deploy.clients import LOCAL_REGION, local_clients
from infra.deploy.package import Artifact, package
from infra.deploy.stack import deploy
from infra.local.description import DESCRIPTION, Description
from infra.local.postgres import LocalPostgres
from infra.local.processes import LOOPBACK, free_port, is_listening, spawn, stop, uninterrupted
from infra.local.warm_up import WORKERS, warm_up
from infra.paths import ROOT

START_SECONDS = 60
SECRET_NAME = "orders-local"


class LocalStack:
    """PostgreSQL, the emulator, the deployed artifact and the front door, on loopback ports.

    A context manager: whatever happens, nothing of it is left running.
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
        self.port = port or free_port()
        self.postgres = LocalPostgres(folder)
        self.emulator_port = free_port()
        self._aws_port, self._database_port = self.emulator_port, self.postgres.port
        self._parameters = dict(parameters or {})
        self._report = report
        self._children: list[subprocess.Popen[bytes]] = []
        self._description: Description | None = None

    @property
    def description(self) -> Description:
        """Where everything is, once the stack is up."""
        if self._description is None:
            raise RuntimeError("the stack is not up")
        return self._description

    def __enter__(self) -> Self:
        if self._description is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def process_ids(self) -> list[int]:
        """The processes that this object started; the functions' are children of theirs."""
        database = [self.postgres.process_id] if self.postgres.is_running else []
        return [*(child.pid for child in self._children), *database]

    def reroute(self, *, aws_port: int, database_port: int) -> None:
        """Let the functions reach AWS and the database by way of these ports, where something
        stands that passes calls on. To be called before the start."""
        self._aws_port, self._database_port = aws_port, database_port

    def start(self) -> None:
        """Start everything, or nothing."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, the front door first."""
        with uninterrupted():
            while self._children:
                stop(self._children.pop())
            self.postgres.stop()
            shutil.rmtree(self.folder / "tmp", ignore_errors=True)
            (self.folder / DESCRIPTION).unlink(missing_ok=True)

    def _start(self) -> None:
        if is_listening(self.port):
            raise RuntimeError(f"port {self.port} is in use; choose another with PORT=…")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._report("starting PostgreSQL and the AWS emulator")
        self._start_emulator()
        self.postgres.start()
        self._report("packaging the functions (the first time, their wheels are downloaded)")
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
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.emulator_port),
            "TMPDIR": str(scratch),
            "LOG_LEVEL": "WARNING",
            "LAMBDA_WARM_TTL_SECONDS": "3600",
            "AWS_DEFAULT_REGION": LOCAL_REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # The emulator hands it on to the functions.
            "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{self._aws_port}",
        }
        self._children.append(
            spawn(
                [sys.executable, "-m", "infra.local.emulator"],
                log=self.folder / "emulator.log",
                cwd=ROOT,
                env=environment,
            )
        )

    def _deploy(self, artifact: Artifact) -> Description:
        host = f"{LOOPBACK}:{self.emulator_port}"
        base_url = f"http://localhost:{self.port}"
        parameters = {
            "PublicBaseUrl": base_url,
            "StreamUrl": f"ws://localhost:{self.port}/api/orders/execute",
            "WebsocketDataPlane": f"http://{LOOPBACK}:{self._aws_port}/_aws/execute-api",
            "WorkerConcurrency": str(WORKERS),
            **self._parameters,
        }
        secret = {
            "database_url": self.postgres.url_through(self._database_port),
            "wallet_secret_key": self._kept("wallet.key", lambda: str(Keypair())),
            "signing_secret": self._kept("signing.key", token_urlsafe),
        }
        arn = (
            local_clients(host)
            .client("secretsmanager")
            .create_secret(Name=SECRET_NAME, SecretString=json.dumps(secret))["ARN"]
        )
        description = Description(
            base_url=base_url,
            database_url=self.postgres.url,
            emulator_host=host,
            settings_secret_arn=arn,
            parameters=parameters,
            outputs={},
        )
        return replace(description, outputs=deploy(description.target(), artifact))

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        """A secret that is made on first use and kept with the data."""
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(make())
        return path.read_text()

    def _start_front_door(self) -> None:
        command = [sys.executable, "-m", "infra.local.front_door", "--port", str(self.port)]
        command += ["--description", str(self.folder / DESCRIPTION)]
        self._children.append(spawn(command, log=self.folder / "front_door.log", cwd=ROOT))

    @retry(
        retry=retry_if_result(not_),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(START_SECONDS),
    )
    def _wait_for(self, port: int) -> bool:
        if any(child.poll() is not None for child in self._children):
            raise RuntimeError(f"a part of the stack ended; its logs are in {self.folder}")
        return is_listening(port)
