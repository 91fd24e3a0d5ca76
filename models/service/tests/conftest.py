import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from models.service.tests.server import Server, serving


class Registry(BaseHTTPRequestHandler):
    """A local RDAP server: names that begin with a to m are registered, a suffix of .co breaks it."""

    def do_GET(self) -> None:
        """Answer one look-up."""
        domain = self.path.rpartition("/")[2]
        code = 500 if domain.endswith(".co") else 200 if domain[0] < "n" else 404
        self.send_response(code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def server(registry: str) -> Iterator[Server]:
    """One service for all tests: it takes half a minute to start."""
    with serving("--model", "template+guard", "--rdap-url", registry, "--max-waiting", "400") as found:
        yield found
