import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import psycopg
import pytest

from infra.paths import ROOT


def start_demo(tmp_path, *arguments):
    return start("infra.local.demo", tmp_path, *arguments)


def start(module, tmp_path, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(tmp_path):
    """Everything that was started for this demo: its folder is in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(tmp_path) in process.environ().get("TMPDIR", "") and process.is_running():
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until_started(part, main_process, tmp_path):
    while not any(part in command_of(process) for process in processes_of(tmp_path)):
        assert main_process.poll() is None
        time.sleep(0.2)


def command_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_until_under_load(main_process, tmp_path):
    """Wait until orders are stored: the first faults are there by then."""
    accepted = 0
    while accepted < 5:
        assert main_process.poll() is None
        time.sleep(0.2)
        with contextlib.suppress(StopIteration, ValueError, psycopg.OperationalError):
            description = json.loads(next(tmp_path.glob("*/stack.json")).read_text())
            with psycopg.connect(description["database_url"], connect_timeout=2) as connection:
                [accepted] = connection.execute("SELECT count(*) FROM orders").fetchone()


def wait_until_gone(tmp_path):
    deadline = time.monotonic() + 10
    while processes_of(tmp_path) and time.monotonic() < deadline:
        psutil.wait_procs(processes_of(tmp_path), timeout=0.2)
    return processes_of(tmp_path)


def test_demo_exits_zero_and_leaves_nothing_behind_when_all_is_well(tmp_path):
    demo = start_demo(tmp_path, "--orders", "5", "--latency", "0")

    output, _ = demo.communicate(timeout=180)

    assert demo.returncode == 0, output
    # A limit and a stop beside the five, and a limit that is cancelled.
    assert re.search(r"five statuses in order +7\b", output)
    assert re.search(r"cancelled +1\b", output)
    assert wait_until_gone(tmp_path) == []
    assert list(tmp_path.glob("orders-demo-*")) == []


def test_demo_stops_calmly_when_it_is_interrupted(tmp_path):
    demo = start_demo(tmp_path, "--orders", "5")
    wait_until_started("emulator", demo, tmp_path)

    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)

    assert demo.returncode == 130, output
    assert "Traceback" not in output
    assert wait_until_gone(tmp_path) == []


def test_bench_counts_what_orders_take_and_leaves_nothing_behind(tmp_path):
    few = ["--orders=10", "--lone=2", "--paced=3", "--rounds=1"]
    bench = start("infra.verify.bench.orders", tmp_path, *few, "--json")

    output, _ = bench.communicate(timeout=300)

    assert bench.returncode == 0, output
    figures = json.loads(output[output.index("{") :])
    [loads] = figures["rounds"]["this"]
    assert figures["medians"] == {name: {"this": found} for name, found in loads.items()}
    assert {name: found["orders"] for name, found in loads.items()} == {
        "zeroLatency": 10,
        "lone": 2,
        "defaultLatency": 3,
    }
    seen: set[str] = set()
    for found in loads.values():
        assert found["followersWithFiveInOrder"] == found["confirmed"] == found["orders"]
        assert found["duplicateEvents"] == 0
        # A frame for each event, and at least one statement to accept an order and one to move it.
        assert found["callsPerOrder.@connections POST"] >= 1
        assert found["statementsPerOrder"] >= 2
        assert found["messagesPerBatch.Execute"] >= 1
        assert found["messagesPerBatch.Publish"] >= 1
        parts = {name: used for name, used in found.items() if name.startswith("cpuMsPerOrder.")}
        total = parts.pop("cpuMsPerOrder.all")
        assert total == pytest.approx(sum(parts.values()))
        seen |= {name.partition(".")[2] for name in parts}
    # In all loads together: a few orders may take less of a part than the kernel's clock counts.
    assert {"Execute", "Postgres", "emulator"} <= seen
    assert wait_until_gone(tmp_path) == []
    assert list(tmp_path.glob("orders-b*")) == []


def test_bench_stops_calmly_when_it_is_interrupted_amid_its_orders(tmp_path):
    bench = start("infra.verify.bench.orders", tmp_path)
    wait_until_under_load(bench, tmp_path)

    bench.send_signal(signal.SIGINT)
    output, _ = bench.communicate(timeout=60)

    assert bench.returncode == 130, output
    assert "Traceback" not in output
    assert wait_until_gone(tmp_path) == []
    assert list(tmp_path.glob("orders-b*")) == []


def test_chaos_stops_calmly_when_it_is_interrupted_amid_its_faults(tmp_path):
    chaos = start("infra.verify.chaos.run", tmp_path, "--seed", "1", "--orders", "2")
    wait_until_under_load(chaos, tmp_path)

    chaos.send_signal(signal.SIGINT)
    output, _ = chaos.communicate(timeout=60)

    assert chaos.returncode == 130, output
    assert "Traceback" not in output
    assert wait_until_gone(tmp_path) == []
    assert list(tmp_path.glob("orders-chaos-*")) == []
