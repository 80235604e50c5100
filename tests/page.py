"""The server of the page in a thread, as several tests use it."""

import http.client
import json
import threading
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from websockets.sync.client import connect

from beep.scenario.scenario import Scenario
from beep.web.server import PageServer

PATIENCE_S = 60


@contextmanager
def serving(scenario: Scenario | None = None, **settings):
    """A running server; it has ended when the block ends."""
    server = PageServer(scenario or Scenario(), **{"port": 0, **settings})
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def get(server: PageServer, path: str, **headers: str):
    """Status, headers and body of a request; a header `Host` replaces the usual one."""
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def listening(server: PageServer, **settings):
    """A WebSocket to the server, to be used in a `with` block."""
    url = f"ws://{urlsplit(server.url).netloc}/listen"
    return connect(url, open_timeout=PATIENCE_S, max_size=None, compression=None, **settings)


def say(page, **message):
    """Send a message as the page does."""
    page.send(json.dumps(message))
