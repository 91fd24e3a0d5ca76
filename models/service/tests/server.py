"""A real service in a process of its own, on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

READY_SECONDS = 180


@dataclass
class Server:
    """Where it listens, and its process."""

    url: str
    process: "subprocess.Popen[str]"

    def children(self) -> list[int]:
        """Process ids of the model's process."""
        import psutil

        return [child.pid for child in psutil.Process(self.process.pid).children() if "spawn_main" in " ".join(child.cmdline())]

    def stop(self) -> int:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=90)


@contextmanager
def serving(*options: str, key: str | None = None) -> Iterator[Server]:
    """Start `python -m models.serve` and wait until the model answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DOMAINBENCH_API_KEY"}
    environment |= {"DOMAINBENCH_API_KEY": key} if key else {}
    command = [sys.executable, "-m", "models.serve", "--port", str(port), *options]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def wait_until_ready(server: Server) -> None:
    """Wait for /health/ready; the server's own words where it ends before."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the service ended: {server.process.stderr and server.process.stderr.read()}")
        with suppress(httpx.HTTPError):
            if httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("the service was not ready in time")
