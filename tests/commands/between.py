"""A line to the exchange with somebody on it, who may answer in the exchange's place or change what it says."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came over the line."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


Reply = tuple[int, bytes]
# From a request, and the way to have it answered by the exchange itself, to the answer.
Between = Callable[[Asked, Callable[[Asked], Reply]], Reply]


@contextmanager
def line_through(beyond: str, between: Between) -> Iterator[str]:
    """The address of a line to the exchange at `beyond`, for as long as the block lasts."""

    def ask(asked: Asked) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(beyond).netloc, timeout=20)
        headers = {name: value for name, value in asked.headers.items() if name != "Host"}
        try:
            connection.request(asked.method, asked.path, asked.body or None, headers)
            told = connection.getresponse()
            return told.status, told.read()
        finally:
            connection.close()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = between(Asked(self.command, self.path, body, dict(self.headers)), ask)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PATCH = do_DELETE = pass_on  # noqa: N815 (http.server asks for these names)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
