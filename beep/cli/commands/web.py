"""`beep web`: serves a page that plays the pass in a browser, with its picture and knobs."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
import webbrowser

from beep.base.errors import ExtraError, ScenarioError
from beep.cli.messages import note, say, warn
from beep.cli.options import add_number, add_scenario_options, scenario_of
from beep.cli.parser import Parser

OWN = ("127.0.0.1", "localhost", "::1")  # addresses that other machines do not reach


def add(parser: Parser) -> None:
    server = parser.add_argument_group("server")
    server.add_argument(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="address to listen on; 0.0.0.0 lets other machines in (default: 127.0.0.1, this machine only)",
    )
    add_number(server, "port", "port to listen on; 0 for any free one", 8057, kind=int)
    server.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    server.add_argument(
        "--kiosk", action="store_true", help="page for a museum: large, few knobs, back to its start after two minutes"
    )
    parser.rare |= {"port"}
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    try:
        from beep.web.server import PageServer
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in ("starlette", "uvicorn", "websockets"):
            raise
        raise ExtraError(f"the page needs {library}, which is not here; pip install 'sputnik-beep[web]'") from None
    from beep.stream.resolve import receive
    from beep.stream.words import warnings

    if hasattr(arguments, "sample_rate_hz"):
        raise ScenarioError(f"the page plays at 48000 Hz, got --sample-rate-hz {arguments.sample_rate_hz}; drop it")
    scenario = scenario_of(arguments)
    for warning in warnings(receive(scenario)):
        warn(warning, arguments)
    server = PageServer(scenario, kiosk=arguments.kiosk, host=arguments.host, port=arguments.port)
    say(f"the page is at {server.url}; Ctrl-C ends", arguments)
    if arguments.host not in OWN:
        at = f" at http://{_own_address()}:{server.port}/" if arguments.host in ("0.0.0.0", "") else ""
        note(f"other machines in this network can open the page{at} and make this one compute", arguments)
    if not arguments.no_browser:
        threading.Thread(target=_open, args=(server.url, arguments), daemon=True).start()
    server.serve()


def _own_address() -> str:
    """Return the address under which other machines reach this one; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:  # no network
            return socket.gethostname()


def _open(url: str, arguments: argparse.Namespace) -> None:
    """Open the page in a browser; a browser in the terminal would show nothing."""
    desktop = sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if not (desktop and webbrowser.open(url)):
        note("no browser to open here; open that address in one", arguments)
