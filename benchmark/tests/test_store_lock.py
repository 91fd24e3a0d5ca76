"""The lock of a model: held by one process at a time, for one model alone, and given back whatever happens."""

import subprocess
import sys

import pytest

from benchmark.store import Store
from models.files import ROOT

# Tries to take the lock file at once; its exit code says whether another process has it.
TRY = """
import sys
from filelock import FileLock, Timeout
try:
    FileLock(sys.argv[1], timeout=0).acquire()
except Timeout:
    sys.exit(3)
"""


def is_taken(path):
    code = subprocess.run([sys.executable, "-c", TRY, str(path)], cwd=ROOT, check=False).returncode
    assert code in (0, 3)
    return code == 3


def test_another_process_cannot_take_the_lock_of_a_model_while_it_is_held(tmp_path):
    folder = tmp_path / "deep" / "cache"
    with Store(folder).lock("m"):
        assert is_taken(folder / "m.lock")
        assert not is_taken(folder / "other.lock")
    assert not is_taken(folder / "m.lock")


def test_a_second_lock_in_the_same_folder_is_taken_beside_the_first(tmp_path):
    store = Store(tmp_path)
    with store.lock("a"), store.lock("b"):
        assert is_taken(tmp_path / "a.lock")
        assert is_taken(tmp_path / "b.lock")


def test_a_failure_gives_the_lock_back(tmp_path):
    with pytest.raises(KeyboardInterrupt), Store(tmp_path).lock("m"):
        raise KeyboardInterrupt
    assert not is_taken(tmp_path / "m.lock")
