"""The server, as browsers and strangers see it from the other side of a socket."""

import io
import json
import random
import signal
import socket
import string
import subprocess
import sys
import time
import tomllib
from contextlib import ExitStack
from struct import unpack

import numpy as np
import pytest
from page import PATIENCE_S, get, listening, say, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus

from beep.base.errors import ExtraError, OutputError, ScenarioError
from beep.output.export import export
from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.stream.playback import FADE_S
from beep.stream.tiles import render
from beep.web import listener, server
from beep.web.recipes import PAGE_RATE_HZ, to_link, with_changes
from beep.web.server import POLICY, PageServer, is_own_host

SHORT = Scenario(duration_s=2.0)
FADE = round(FADE_S * PAGE_RATE_HZ)


def heard(page, seconds):
    """Samples (N, 2) of so many seconds from the beginning, pulled as a page does."""
    blocks = []
    while sum(map(len, blocks)) < seconds * PAGE_RATE_HZ:
        say(page, type="pull", frames=4800)
        while isinstance(message := page.recv(timeout=PATIENCE_S), str):
            pass
        assert unpack("<d", message[:8]) == (sum(map(len, blocks)),)
        blocks.append(np.frombuffer(message[8:], "<f4").reshape(-1, 2))
    return np.concatenate(blocks)


def is_the_recording(samples, scenario=SHORT):
    inner = slice(FADE, min(len(samples), round(scenario.duration_s * PAGE_RATE_HZ) - FADE))
    return np.array_equal(samples[inner], render(scenario, stop=len(samples))[inner])


def test_every_answer_has_the_headers_that_keep_the_page_to_itself():
    """The page's files, an unknown one and a download allow no script but the page's own, and no frame around it."""
    with serving(SHORT) as page_server:
        for path, status in (("/", 200), ("/audio.js", 200), ("/no.js", 404), ("/download/sputnik.toml", 200)):
            answer, headers, _ = get(page_server, path)
            assert answer == status
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/../../pyproject.toml",
        "/%2e%2e/server.py",
        "/..%2fserver.py",
        "//etc/passwd",
        "/..\\server.py",
        "/download/../server.py",
        "/download/etc.wav",
        "/server.py",
        "/%00",
    ],
)
def test_no_file_outside_of_the_page(path):
    """A path that leads out of the page's folder is not found."""
    with serving(SHORT) as page_server:
        status, _, body = get(page_server, path)
    assert status == 404
    assert b"import" not in body


def test_other_sites_are_refused():
    """Another origin, and a name that another site may have, get one sentence, over HTTP and over the WebSocket."""
    with serving(SHORT) as page_server:
        own = f"http://127.0.0.1:{page_server.port}"
        assert get(page_server, "/", Origin=own)[0] == 200
        assert get(page_server, "/", Host=f"localhost:{page_server.port}")[0] == 200
        status, _, body = get(page_server, "/", Origin="http://example.com")
        assert (status, body) == (403, b"this page cannot be used from another site")
        assert get(page_server, "/scenario.json", Host="example.com")[0] == 421
        for origin in ("http://example.com", "http://[", f"http://127.0.0.1:{page_server.port + 1}", "null"):
            with pytest.raises(InvalidStatus, match="403"), listening(page_server, origin=origin):
                pass
        with listening(page_server, origin=own) as page:
            say(page, type="begin")
            assert page.recv(timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("header", "own"),
    [
        ("127.0.0.1:8057", True),
        ("[::1]:8057", True),
        ("192.168.1.5", True),
        ("LOCALHOST:1", True),
        ("museum-pc.local", True),
        ("museum.example", True),
        ("example.com", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
        ("[", False),
    ],
)
def test_a_host_that_is_this_machine(header, own):
    """An address, localhost, the machine's own name and the one given with --host; any other name may be a site's."""
    assert is_own_host(header, "museum.example") is own


@pytest.mark.parametrize("name", ["dallas", "tass"])
def test_downloads_are_what_the_program_writes(name, beep):
    """The WAV is that of `beep export`, byte by byte; the TOML is that of `beep show`."""
    short = with_changes(preset(name), {"duration_s": 3})
    with serving(SHORT) as page_server:
        answers = {kind: get(page_server, f"/download/sputnik.{kind}?{to_link(short)}") for kind in ("wav", "toml")}
    beep("export", "short.wav", "--preset", name, "--duration-s", 3)

    assert [status for status, _, _ in answers.values()] == [200, 200]
    assert answers["wav"][2] == (beep.folder / "short.wav").read_bytes()
    assert answers["wav"][1]["content-disposition"] == 'attachment; filename="sputnik.wav"'
    assert int(answers["wav"][1]["content-length"]) == len(answers["wav"][2])
    assert answers["toml"][2] == beep("show", "--preset", name, "--duration-s", 3).stdout
    assert tomllib.loads(answers["toml"][2].decode())["duration_s"] == 3


def test_the_picture_is_a_pass_sheet(beep):
    """The PNG is that of `beep plot pass`, byte by byte."""
    with serving(SHORT) as page_server:
        status, _, picture = get(page_server, "/download/sputnik.png?duration_s=3")
    beep("plot", "pass", "pass.png", "--duration-s", 3)
    assert (status, picture[:8]) == (200, b"\x89PNG\r\n\x1a\n")
    assert picture == (beep.folder / "pass.png").read_bytes()


def test_a_picture_without_its_library_is_a_sentence(monkeypatch):
    """Without matplotlib the page is told what to install."""

    def without_matplotlib(_):
        raise ExtraError("pictures need matplotlib")

    monkeypatch.setitem(server.MAKERS, "png", without_matplotlib)
    with serving(SHORT) as page_server:
        status, _, body = get(page_server, "/download/sputnik.png")
    assert (status, body) == (503, b"pictures need matplotlib")


def test_a_fault_of_the_program_is_a_sentence(monkeypatch):
    """Whatever else goes wrong is told by its kind, over HTTP and over the WebSocket, and nothing is printed."""
    with serving(SHORT) as page_server, listening(page_server) as page:
        monkeypatch.setattr(server, "scenario_document", lambda **_: 1 / 0)
        monkeypatch.setattr(listener, "page_plan", lambda _: 1 / 0)
        status, _, body = get(page_server, "/scenario.json")
        assert (status, body) == (500, b"something went wrong in this program (ZeroDivisionError)")
        say(page, type="begin")
        told = json.loads(page.recv(timeout=PATIENCE_S))["message"]
        assert told == "something went wrong in this program (ZeroDivisionError); load the page again"


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("tone_hz=-1", "tone_hz must be above 0"),
        ("tone=900", "did you mean 'tone_hz'"),
        ("duration_s=8000", "at most 7200 s"),
        ("nonsense", "a link must be NAME=VALUE&NAME=VALUE"),
        ("station=dallas", "a station needs a start"),
        ("carriers=7", "carriers must be"),
        ("beacon=%5B%5D", "beacon must be one of"),
        ("tle=1", "element set"),
        ("&".join(f"a{n}=1" for n in range(200)), "a link must be"),
        ("pulse_s=" + "[" * 5000, "pulse_s must be a number"),
    ],
)
def test_a_link_that_is_wrong_is_said_in_a_sentence(link, said):
    """Any broken rule of a link is status 400 and one line."""
    with serving(SHORT) as page_server:
        status, headers, body = get(page_server, f"/download/sputnik.wav?{link}")
    assert status == 400
    assert said in body.decode()
    assert "\n" not in body.decode()
    assert headers["content-type"].startswith("text/plain")


def test_a_download_that_nobody_reads_ends(monkeypatch):
    """A client that asks for a file and never reads it does not keep the next one from its own."""
    monkeypatch.setattr(server, "DOWNLOADS_AT_ONCE", 1)
    monkeypatch.setattr(server, "STALLED_S", 0.3)
    with serving(SHORT) as page_server, socket.create_connection(("127.0.0.1", page_server.port)) as stalled:
        stalled.sendall(b"GET /download/sputnik.wav?duration_s=120 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stalled.recv(10)
        status, _, body = get(page_server, "/download/sputnik.wav?duration_s=1")
    assert (status, body[:4]) == (200, b"RIFF")


def test_each_listener_has_a_stream_of_its_own():
    """What one turns, another does not hear; both hear the export's samples."""
    with serving(SHORT) as page_server, listening(page_server) as first, listening(page_server) as second:
        say(first, type="begin", at_s=0)
        say(second, type="begin", at_s=0, recipe="duration_s=2&tone_hz=700")
        assert is_the_recording(heard(first, 1.0))
        assert is_the_recording(heard(second, 1.0), with_changes(SHORT, {"tone_hz": 700}))


def test_a_listener_too_many_is_told(monkeypatch):
    """Beyond the greatest number a page hears a sentence; when another has gone, there is room again."""
    monkeypatch.setattr(server, "MOST_LISTENERS", 2)
    with serving(SHORT) as page_server, listening(page_server) as first:
        say(first, type="begin", at_s=0)
        heard(first, 0.1)
        with listening(page_server) as second:
            say(second, type="begin", at_s=0)
            heard(second, 0.1)
            with listening(page_server) as third:
                assert "2 pages listen already" in json.loads(third.recv(timeout=PATIENCE_S))["message"]
                with pytest.raises(ConnectionClosed):
                    third.recv(timeout=PATIENCE_S)
        for _ in range(PATIENCE_S * 10):
            with listening(page_server) as third:
                say(third, type="begin")
                if json.loads(third.recv(timeout=PATIENCE_S))["type"] != "said":
                    return
            time.sleep(0.1)
        pytest.fail("the place of a listener that has gone is not free")


def test_a_silent_listener_gives_its_place_to_another(monkeypatch):
    """Where all places are taken, the listener that has pulled nothing for the longest time goes."""
    monkeypatch.setattr(server, "MOST_LISTENERS", 1)
    monkeypatch.setattr(server, "IDLE_S", 0.3)
    with serving(SHORT) as page_server, listening(page_server) as silent:
        time.sleep(0.4)
        with listening(page_server) as page:
            say(page, type="begin", at_s=0)
            assert is_the_recording(heard(page, 0.5))
        assert "another page listens" in json.loads(silent.recv(timeout=PATIENCE_S))["message"]


def test_hostile_messages_and_stalled_listeners(monkeypatch):
    """Among junk, wild values and pages that pull but never read, a listener hears the samples of the export."""
    monkeypatch.setattr(listener, "MESSAGES_PER_S", 1e6)
    rng = random.Random(1957)
    with serving(SHORT) as page_server, ExitStack() as stack:
        for _ in range(5):
            page = stack.enter_context(listening(page_server, max_queue=1, close_timeout=0.1))
            say(page, type="begin")
            for _ in range(5):
                say(page, type="pull", frames=10**6)
        with listening(page_server) as good:
            say(good, type="begin", at_s=0)
            samples = [heard(good, 0.5)]
            answers = {"refused": 0, "said": 0, "gone": 0}
            for _ in range(30):
                hostile(page_server, rng, 10, answers)
            with listening(page_server) as other:
                say(other, type="begin", at_s=0)
                samples.append(heard(other, 1.0))
    assert all(map(is_the_recording, samples))
    assert answers["said"] > 5
    assert answers["refused"] > 5


def hostile(page_server, rng, count, answers):
    """Send hostile messages over one connection until it is closed, and count what is answered."""
    with listening(page_server) as page:
        try:
            say(page, type="begin", at_s=0)
            for _ in range(count):
                page.send(hostile_message(rng))
            while True:
                message = page.recv(timeout=0.1)
                kind = "sound" if isinstance(message, bytes) else json.loads(message)["type"]
                answers[kind] = answers.get(kind, 0) + 1
        except (ConnectionClosed, TimeoutError):
            answers["gone"] += 1


def hostile_message(rng):
    """A message: mostly of the right shape with a wild value, sometimes junk."""
    numbers = (0, -1, 1e300, 10**30, 1e-300, True, None, "", "9" * 400, [], {}, [[1]], "\0", "../../etc/passwd")
    names = ("tone_hz", "rise_s", "station", "tle", "keying", "carriers", "start", "seed", "mix", "beeps", "character")
    shape = rng.randrange(30)
    if shape == 0:
        return rng.randbytes(rng.randrange(2000))
    if shape == 1:
        return "".join(rng.choices(string.printable, k=rng.randrange(200)))
    if shape == 2:
        return json.dumps({"type": rng.choice(("seek", "pull", "begin", "turn")), "to_s": rng.choice(numbers)})
    if shape == 3:
        return json.dumps({"type": "begin", "preset": rng.choice(numbers), "recipe": rng.choice(numbers)})
    changes = {rng.choice(names): rng.choice(numbers) for _ in range(rng.randrange(1, 4))}
    return json.dumps({"type": "turn", "changes": changes})


def test_a_message_too_long_ends_the_connection():
    """Beyond 64 KiB nothing is read."""
    with serving(SHORT) as page_server, listening(page_server) as page:
        page.send(json.dumps({"type": "turn", "changes": {"tle": "1" * 70_000}}))
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(timeout=PATIENCE_S)
        assert closed.value.rcvd.code == 1009


def test_an_address_that_is_taken_is_a_sentence():
    """A port in use, one that does not exist, an address of another machine, and a name with a zero byte."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OutputError, match=rf"free, got 127.0.0.1:{port} \([^()]*\); choose another"):
            PageServer(SHORT, port=port)
    with pytest.raises(OutputError, match="port must be a number from 0 to 65535, got 70000"):
        PageServer(SHORT, port=70_000)
    with pytest.raises(OutputError, match="must be one of this machine"):
        PageServer(SHORT, host="192.0.2.1", port=0)


def test_what_the_page_cannot_play_is_refused_at_the_start():
    """A pass of many hours is for `beep export`."""
    with pytest.raises(ScenarioError, match="at most 7200 s long, got 20000"):
        PageServer(Scenario(duration_s=20_000), port=0)


def test_the_command_without_its_libraries_says_what_to_install(beep):
    """One line, that names the extra."""
    ran = beep.process("web", "--no-browser", first="import sys; sys.modules['websockets'] = None")
    assert (ran.status, ran.stderr.count("\n")) == (1, 1)
    assert "the page needs websockets, which is not here; pip install 'sputnik-beep[web]'" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "beep: error: --port must be a number from 0 to 65535, got 99999"),
        (["--duration-s", "8000"], "beep: error: a recording on the page must be at most 7200 s long, got 8000"),
        (["--sample-rate-hz", "44100"], "beep: error: the page plays at 48000 Hz, got --sample-rate-hz 44100; drop it"),
        (["--station", "dallas"], "beep: error: a station needs a start"),
    ],
)
def test_wrong_use_of_the_command(beep, arguments, said):
    """What cannot be served is one line."""
    ran = beep("web", "--no-browser", *arguments)
    assert ran.status == 1
    assert ran.stderr.startswith(said)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_it_with_listeners_and_a_download(beep):
    """With pages that listen and a file half sent it ends, without a traceback; what it says of a public address."""
    with beep.start("web", "--no-browser", "--port", 0, "--host", "0.0.0.0", stderr=subprocess.PIPE, text=True) as run:
        port = int(run.stderr.readline().split(":")[-1].split("/")[0])
        assert f":{port}/ and make this one compute" in run.stderr.readline()
        page_server = type("Address", (), {"url": f"http://127.0.0.1:{port}/"})
        with listening(page_server) as page, socket.create_connection(("127.0.0.1", port)) as half:
            say(page, type="begin")
            heard(page, 0.2)
            half.sendall(b"GET /download/sputnik.wav HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert half.recv(1000)
            run.send_signal(signal.SIGINT)
            rest = run.communicate(timeout=PATIENCE_S)[1]
    assert (run.returncode, rest) == (130, "beep: interrupted\n")


def test_a_browser_is_opened(beep):
    """`beep web` opens its address; where no browser can be opened it says so."""
    first = (
        "import webbrowser, threading, _thread, os; os.environ['DISPLAY'] = ':0';"
        "stop = threading.Timer(0.5, _thread.interrupt_main).start;"
        "webbrowser.open = lambda url: print('opened', url, flush=True) or stop() or {opens};"
    )
    for opens in (True, False):
        ran = beep.process("web", "--port", 0, first=first.format(opens=opens))
        assert ran.stdout.startswith(b"opened http://127.0.0.1:")
        assert ("no browser to open here" in ran.stderr) is not opens


def test_export_is_its_parts():
    """`export` to a stream, and the parts that a download sends, are the same bytes."""
    from beep.output.export import exported_parts
    from beep.stream.plan import make_plan

    plan, stream = make_plan(SHORT), io.BytesIO()
    export(plan, stream)
    size, parts = exported_parts(plan)
    assert b"".join(map(bytes, parts)) == stream.getvalue()
    assert size == len(stream.getvalue())
