"""An OpenAI-compatible server on loopback that answers as a test says."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

NAMES = '["pawlane.co.uk", "tubhound.com"]'


def chat(text=NAMES, reason="stop", **usage):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage or None}


class Server(ThreadingHTTPServer):
    """Answers the nth request with `reply(n, question)`: an object or bytes, alone (status 200) or after a status."""

    def __init__(self, reply):
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply, self.asked, self.paths, self.keys = reply, [], [], []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that gave up waiting breaks the connection: that is the point."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers["Authorization"])
        reply = self.server.reply(len(self.server.asked), body["messages"][-1]["content"])
        status, reply = reply if isinstance(reply, tuple) else (200, reply)
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After-Ms", "1")  # or the client would wait for seconds
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""
