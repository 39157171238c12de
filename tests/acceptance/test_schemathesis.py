"""Generated requests, good and bad, against the OpenAPI document that the stack serves."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT

CONFIG = Path(__file__).with_name("schemathesis.toml")
CASES = int(os.environ.get("FUZZ_CASES") or 300)
SEED = os.environ.get("FUZZ_SEED") or ("1" if CASES <= 300 else "")
ROUTES = 12
SECONDS_MAX = 3600


def fuzz(base_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)]
    command += ["run", f"{base_url}/api/openapi.json", "--url", base_url, "--checks", "all"]
    command += ["--max-examples", str(math.ceil(CASES / ROUTES)), "--continue-on-failure"]
    command += ["--no-color", *(["--seed", SEED] if SEED else [])]
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_answers_are_as_documented_when_requests_are_generated(outside, tmp_path):
    before = outside.call("GET", "/api/health")

    done = fuzz(outside.base_url, tmp_path)

    print(done.stdout)
    [generated] = re.findall(r"(\d+) generated", done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(generated) >= CASES
    assert outside.call("GET", "/api/health").document == before.document
