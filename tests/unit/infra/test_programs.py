import signal
import sys
import threading
from pathlib import Path

import pytest

from infra.programs import run_program

# A program whose child goes on writing when the program alone is killed.
WRITES = """
import subprocess, sys
write = "import pathlib, time\\nfor n in range(5000): pathlib.Path(str(n)).touch()"
subprocess.run([sys.executable, "-c", write])
"""


def interrupt_when_files_appear(folder: Path, main: int) -> None:
    while not any(folder.iterdir()):
        pass
    signal.pthread_kill(main, signal.SIGINT)


def test_nothing_of_a_program_writes_any_more_when_it_was_interrupted(tmp_path: Path) -> None:
    main = threading.get_ident()
    watcher = threading.Thread(target=interrupt_when_files_appear, args=[tmp_path, main])
    watcher.start()

    with pytest.raises(KeyboardInterrupt):
        run_program([sys.executable, "-c", WRITES], RuntimeError, cwd=tmp_path)

    watcher.join()
    for path in tmp_path.iterdir():
        path.unlink()
    assert not any(tmp_path.iterdir())


def test_error_has_all_that_the_program_wrote_when_it_fails(tmp_path: Path) -> None:
    script = "import sys; print('out'); sys.exit('err')"

    with pytest.raises(RuntimeError, match=r"failed:\nout\nerr\n"):
        run_program([sys.executable, "-c", script], RuntimeError, cwd=tmp_path)
