"""The page's server: static files, a WebSocket for each listener, and files to take along."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from beep.base.errors import BeepError
from beep.base.sockets import listening_socket
from beep.output.export import exported_parts
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_toml
from beep.web.documents import scenario_document
from beep.web.listener import IDLE_S, MOST_LISTENERS, MOST_MESSAGE_BYTES, Listener, MessageError, Threads
from beep.web.recipes import from_link, page_plan, with_changes

PAGE = Path(__file__).parent / "page"
WEB_PORT = 8057
MOST_CONNECTIONS = 256
DOWNLOADS_AT_ONCE, STALLED_S, LONGEST_DOWNLOAD_S = 2, 20.0, 600.0
PING_S = 5.0  # a listener that does not answer for so long has gone
POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
WENT_WRONG = "something went wrong in this program"


class _Connection:
    """A WebSocket as a listener uses it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket, self._sending = websocket, asyncio.Lock()

    async def texts(self) -> AsyncIterator[str]:
        while (message := await self._websocket.receive())["type"] == "websocket.receive":
            if message.get("text") is None:
                raise MessageError("a message must be text, got bytes")
            yield message["text"]

    async def send(self, message: str | bytes) -> None:
        async with self._sending, asyncio.timeout(STALLED_S):
            if isinstance(message, str):
                await self._websocket.send_text(message)
            else:
                await self._websocket.send_bytes(message)


class _Guard:
    """Refuses what comes from other sites, and adds the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_own_host(host, self._host):
            await PlainTextResponse("this page is reached by its address or localhost", 421)(scope, receive, send)
        elif origin is not None and origin.partition("://")[2] != host:
            await PlainTextResponse("this page cannot be used from another site", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, lambda message: send(_with_headers(message)))


def _with_headers(message: Message) -> Message:
    if message["type"] == "http.response.start":
        MutableHeaders(scope=message).update(HEADERS)
    return message


def is_own_host(header: str, host: str) -> bool:
    """Return whether a Host header names this machine: by an IP address, or a name that no other site can have."""
    with suppress(ValueError):
        name = (urlsplit(f"//{header}").hostname or "").lower()
        if name in ("localhost", host.lower(), socket.gethostname().lower()) or name.endswith(".local"):
            return True
        ip_address(name)
        return True
    return False


class _Download:
    """Makes the file of one kind that a user takes along, a few at a time; the others wait."""

    def __init__(self, kind: str, slots: asyncio.Semaphore, threads: Threads) -> None:
        self._kind, self._slots, self._threads = kind, slots, threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        link = scope["query_string"].decode("latin-1")

        async def patient(message: Message) -> None:
            async with asyncio.timeout(STALLED_S):
                await send(message)

        async with self._slots, asyncio.timeout(LONGEST_DOWNLOAD_S):
            try:
                loop = asyncio.get_running_loop()
                response = await loop.run_in_executor(self._threads.files, MAKERS[self._kind], link)
                response.headers["content-disposition"] = f'attachment; filename="sputnik.{self._kind}"'
            except BeepError as error:
                response = PlainTextResponse(str(error), 503 if isinstance(error, ImportError) else 400)
            await response(scope, receive, patient)


def _wav(link: str) -> Response:
    size, parts = exported_parts(page_plan(from_link(link)))
    return StreamingResponse(map(bytes, parts), media_type="audio/wav", headers={"content-length": str(size)})


def _toml(link: str) -> Response:
    return Response(to_toml(from_link(link)), media_type="application/toml")


def _png(link: str) -> Response:
    from beep.plot import pass_sheet, save

    picture = BytesIO()
    save(pass_sheet(page_plan(from_link(link)).scenario), picture, kind="png")
    return Response(picture.getvalue(), media_type="image/png")


MAKERS: dict[str, Callable[[str], Response]] = {"wav": _wav, "toml": _toml, "png": _png}


def application(base: Scenario, *, kiosk: bool = False, host: str = "127.0.0.1") -> Starlette:
    """Return the application, whose page begins with the scenario `base`; `host` is a name under which it is reached.

    Raises ScenarioError where that scenario cannot be played on the page.
    """
    base = with_changes(base, {})
    page_plan(base)
    threads = Threads()
    slots = asyncio.Semaphore(DOWNLOADS_AT_ONCE)
    listeners: set[Listener] = set()

    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        listener = Listener(base, _Connection(websocket), threads)
        try:
            if len(listeners) >= MOST_LISTENERS:
                idlest = max(listeners, key=lambda other: other.idle_s)
                if idlest.idle_s < IDLE_S:
                    raise MessageError(f"{MOST_LISTENERS} pages listen already, and that is the most; try again later")
                listeners.discard(idlest)
                idlest.end()
            listeners.add(listener)
            await listener.serve()
            await _say(websocket, "another page listens in place of this one, which was silent", 1013)
        except MessageError as error:
            await _say(websocket, str(error), 1008)
        except (WebSocketDisconnect, OSError):
            pass  # it has gone
        except Exception as error:
            await _say(websocket, f"{WENT_WRONG} ({type(error).__name__}); load the page again", 1011)
        finally:
            listeners.discard(listener)

    async def told(_: Request) -> Response:
        return JSONResponse(scenario_document(kiosk=kiosk))

    async def wrong(_: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{WENT_WRONG} ({type(error).__name__})", 500)

    app = Starlette(
        routes=[
            WebSocketRoute("/listen", listen),
            Route("/scenario.json", told),
            *(Route(f"/download/sputnik.{kind}", _Download(kind, slots, threads)) for kind in MAKERS),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        exception_handlers={500: wrong},
    )
    app.add_middleware(_Guard, host=host)
    app.state.threads = threads
    return app


async def _say(websocket: WebSocket, text: str, code: int) -> None:
    """Send a sentence to the page and close; the other side may have gone."""
    with suppress(Exception):
        async with asyncio.timeout(1.0):
            await websocket.send_text(json.dumps({"type": "said", "message": text}))
            await websocket.close(code)


class PageServer:
    """The page on an address of this machine; `serve` runs it until Ctrl-C or `stop`.

    Raises OutputError where the address is not free, ScenarioError where `base` cannot be played on the page.
    """

    def __init__(self, base: Scenario, *, kiosk: bool = False, host: str = "127.0.0.1", port: int = WEB_PORT) -> None:
        self._app = application(base, kiosk=kiosk, host=host)
        self._socket = listening_socket(host, port)
        self.port: int = self._socket.getsockname()[1]
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
        self.url = f"http://{name}:{self.port}/"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                lifespan="off",
                loop="asyncio",
                http="h11",
                ws=WebSocketsSansIOProtocol,
                ws_max_size=MOST_MESSAGE_BYTES,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S,
                ws_per_message_deflate=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=0,
            )
        )

    def serve(self) -> None:
        """Serve until Ctrl-C or `stop`."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._app.state.threads.close()
            self._socket.close()

    def stop(self) -> None:
        """End `serve`, from another thread."""
        self._server.should_exit = True
