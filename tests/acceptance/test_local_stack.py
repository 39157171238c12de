"""What the local stack does to the machine it runs on."""

import ipaddress
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from infra.local.functions import processes_below
from infra.local.stack import LocalStack
from infra.paths import ROOT
from tests.outside import Outside

RUN = """
import signal, sys
from pathlib import Path
from infra.local.stack import LocalStack
with LocalStack(Path(sys.argv[1]), parameters={"LatencyMs": "0"}):
    print("up", flush=True)
    signal.pause()
"""


def listening(processes):
    """The addresses on which these accept connections, or receive datagrams."""
    sockets = [each for process in processes for each in process.net_connections(kind="inet")]
    return [each.laddr.ip for each in sockets if each.laddr and not each.raddr]


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_stack_listens_on_loopback_alone_when_it_is_up(stack):
    roots = stack.process_ids()

    found = listening([*map(psutil.Process, roots), *processes_below(roots)])

    assert len(found) >= 3
    assert [ip for ip in found if not ipaddress.ip_address(ip).is_loopback] == []


@pytest.mark.acceptance
def test_next_start_clears_what_was_left_when_the_stack_was_killed():
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    with tempfile.TemporaryDirectory(prefix="orders-killed-") as name:
        folder, command = Path(name), [sys.executable, "-c", RUN, name]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
            assert first.stdout.readline() == "up\n"
            processes, scratch = [*processes_below([first.pid])], {*(folder / "tmp").iterdir()}
            first.send_signal(signal.SIGKILL)

        with LocalStack(folder, parameters={"LatencyMs": "0"}) as second:
            assert scratch
            assert scratch & {*(folder / "tmp").iterdir()} == set()
            assert [process for process in processes if is_alive(process)] == []
            assert Outside(second.description).call("GET", "/api/ready").status == 200
