"""Check the answers to generated requests against the OpenAPI document."""

import os
import sys

import pytest

from infra.arguments import OneLineArgumentParser, natural_number, positive_count
from infra.paths import ROOT

TEST = ROOT / "tests" / "acceptance" / "test_schemathesis.py"


def main() -> None:
    """Run the test of generated requests, with as many as are asked for."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--cases", type=positive_count, default=2000)
    parser.add_argument("--seed", type=natural_number, help="repeats a run")
    arguments = parser.parse_args()
    os.environ["FUZZ_CASES"] = str(arguments.cases)
    os.environ["FUZZ_SEED"] = "" if arguments.seed is None else str(arguments.seed)
    sys.exit(pytest.main([str(TEST), "-s"]))


if __name__ == "__main__":
    main()
