import sys
from pathlib import Path

import pytest

from infra.programs import run_program


def test_error_has_all_that_the_program_wrote_when_it_fails(tmp_path: Path) -> None:
    script = "import sys; print('out'); sys.exit('err')"

    with pytest.raises(RuntimeError, match=r"failed:\nout\nerr\n"):
        run_program([sys.executable, "-c", script], RuntimeError, cwd=tmp_path)
