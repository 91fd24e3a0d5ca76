"""Memory figures of real memory: what was in use stays the peak after it was given back, and the unit is MiB."""

import mmap
import resource
import time
from contextlib import contextmanager

import psutil

from benchmark.run.machine import PeakMemory, peak_memory_mib

MIB = 1 << 20
BALLAST, SLACK = 128, 64  # MiB; the slack is for what else this process takes or gives back meanwhile


@contextmanager
def ballast():
    """Hold BALLAST MiB that are resident, and give them back to the system at the end."""
    with mmap.mmap(-1, BALLAST * MIB) as memory:
        memory[:: mmap.PAGESIZE] = b"x" * (BALLAST * MIB // mmap.PAGESIZE)
        yield


def in_use():
    return psutil.Process().memory_info().rss / MIB


def sample(memory):
    """Take one sample in this thread."""
    memory._done.set()
    memory._watch()
    return memory.mib


def test_the_highest_sample_is_kept_when_memory_is_given_back():
    memory = PeakMemory()
    before = sample(memory)
    assert abs(before - in_use()) < SLACK
    with ballast():
        peak = sample(memory)
        assert abs(peak - in_use()) < SLACK
    assert peak > before + BALLAST - SLACK
    assert in_use() < peak - BALLAST + SLACK
    assert sample(memory) == peak


def test_a_block_is_sampled_at_least_once_however_short_it_is():
    with PeakMemory(interval=3600) as memory:
        pass
    assert abs(memory.mib - in_use()) < SLACK
    assert not memory._thread.is_alive()


def test_a_block_is_sampled_again_and_again():
    with PeakMemory(interval=0.001) as memory, ballast():
        floor = in_use() - SLACK
        deadline = time.monotonic() + 60
        while memory.mib < floor:
            assert time.monotonic() < deadline, f"sampled {memory.mib:.0f} MiB for a minute, with {floor:.0f} in use"
    assert memory.mib >= floor


def test_the_process_peak_is_in_mib_and_does_not_fall():
    with ballast():
        held = in_use()
    assert in_use() < held - BALLAST + SLACK
    kernel = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert held - SLACK < peak_memory_mib() < kernel + SLACK
