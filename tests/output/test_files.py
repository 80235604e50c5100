"""Where nothing can be written: one line says so, and a file appears whole or not at all."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack

import pytest
import soundfile
from kill import killed

from beep.base.errors import OutputError
from beep.output.export import export
from beep.output.files import whole_file
from beep.scenario.scenario import Scenario

SHORT = Scenario(duration_s=1)
SHORT_OPTIONS = ("--duration-s", 1)
GROWS_S = 300  # for a temporary file to appear and grow on a slow machine
SIGINT_AS_ON_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # not so after `&`


def size_limit(size):
    """Python that lets no file of the process grow beyond `size`: for the program, a full disk."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


def complains(ran, *words):
    """The program ended with status 1 and one line on stderr that has the words."""
    assert ran.status == 1
    assert ran.stderr.startswith("beep: error: ")
    assert ran.stderr.count("\n") == 1
    assert [word for word in words if word not in ran.stderr] == []
    return True


# --- refused ----------------------------------------------------------------------------------------------------


def test_existing_file_is_kept_without_force(tmp_path):
    """A file that exists stays as it is, until it is forced."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match=r"already exists and is not overwritten.*force=True"):
        export(SHORT, path)
    assert path.read_bytes() == b"old"

    export(SHORT, path, force=True)
    assert soundfile.info(path).frames == 48_000
    assert [file.name for file in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere/a.wav", "folder must exist.*mkdir -p"),
        ("a.mp3", r"\.wav or \.flac, or in one of I/Q, got .*a\.mp3"),
        ("a", r"\.wav or \.flac"),
        ("folder.wav", "is a folder"),
        ("a" * 300 + ".wav", "File name too long"),
        ("loop.wav", "Too many levels of symbolic links"),
        ("zero\0.wav", "no zero byte"),
    ],
    ids=lambda text: text[:20],
)
def test_where_no_file_can_be(tmp_path, name, said):
    """A missing folder, an unknown suffix, a folder in the way, a name too long, a loop of links: refused."""
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    with pytest.raises(OutputError, match=said):
        export(SHORT, tmp_path / name)

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder.wav", "loop.wav"]


@pytest.mark.parametrize(
    "command",
    [("export", "a.wav", "--duration-s", 3), ("export", "a.flac", "--duration-s", 3), ("track", "-o", "a.csv")],
)
def test_full_disk(tmp_path, beep, command):
    """Where no more can be written, one line says so and nothing is left."""
    assert complains(beep.process(*command, first=size_limit(20_000)), "cannot write a.", "choose another folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("missing", [1, 3000])
def test_full_disk_at_the_last_bytes(tmp_path, beep, suffix, missing):
    """A disk that is full only when the file is closed is a full disk too: no file lacks its end."""
    export(SHORT, tmp_path / f"whole{suffix}")
    size = (tmp_path / f"whole{suffix}").stat().st_size

    assert complains(
        beep.process("export", f"a{suffix}", *SHORT_OPTIONS, first=size_limit(size - missing)), "cannot write a."
    )
    assert [path.name for path in tmp_path.iterdir()] == [f"whole{suffix}"]


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_full_disk_keeps_the_old_file(tmp_path, beep, suffix):
    """With --force the old file goes only when the new one is whole."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    assert complains(beep.process("export", path.name, "--force", first=size_limit(20_000)))
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_full_file_system(tmp_path, beep, name):
    """A real full disk, a small tmpfs, is told in one line, and nothing is left on it."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(tmp_path)]
    private = ["unshare", "--map-root-user", "--mount"]  # nobody else sees the mount
    if not shutil.which("unshare") or subprocess.run([*private, *mount], capture_output=True).returncode:
        pytest.skip("no unshare (apt install util-linux), or no right to mount a tmpfs")
    script = f'{shlex.join(mount)} && cd {shlex.quote(str(tmp_path))} && "$@"; echo $? $(ls -A)'
    command = [*private, "sh", "-c", script, "sh", *beep.command("export", name, "--duration-s", 3)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.stdout == "1\n"
    assert done.stderr.startswith(f"beep: error: cannot write {name}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("command", [("export", "-", *SHORT_OPTIONS), ("track",), ("show",)])
def test_stdout_on_a_full_disk(beep, command):
    """A stream that cannot be written is an error in one line."""
    with open("/dev/full", "wb") as full, beep.start(*command, stdout=full, stderr=subprocess.PIPE) as running:
        said = running.stderr.read().decode()

    assert (running.returncode, said) == (1, "beep: error: cannot write: No space left on device\n")


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(tmp_path, beep, name, number, status):
    """Ctrl-C and a polite kill leave no file, neither whole nor half, and the status that a shell expects."""
    settings = {"first": SIGINT_AS_ON_A_TERMINAL, "stderr": subprocess.PIPE}
    with beep.start("export", name, "--duration-s", 10_000, **settings) as running:
        until = time.monotonic() + GROWS_S
        while (
            sum(path.stat().st_size for path in tmp_path.glob(".beep-*.part/*")) < 100_000 and time.monotonic() < until
        ):
            time.sleep(0.01)
        seen = [path.suffix for path in tmp_path.iterdir()]
        running.send_signal(number)
        said = running.stderr.read().decode()

    assert seen == [".part"]
    assert running.returncode == status
    assert re.fullmatch("beep: interrupted.*\n" if number == signal.SIGINT else "", said)
    assert list(tmp_path.iterdir()) == []


# --- no stream --------------------------------------------------------------------------------------------------


def test_sound_does_not_go_to_a_terminal(beep):
    """stdout on a terminal gets no samples: one line says what to do."""
    ran = beep.on_terminal("stdout", "export", "-", *SHORT_OPTIONS)

    assert complains(ran, "terminal", "beep export - | aplay")
    assert ran.stdout == b""


@pytest.mark.parametrize("command", [("export", "-", *SHORT_OPTIONS), ("track",), ("show",)])
def test_no_stdout(beep, command):
    """A program whose stdout has been closed says so in one line."""
    closed = ["sh", "-c", '"$@" >&-', "sh", *beep.command(*command)]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True)

    assert done.returncode == 1
    assert done.stderr.startswith("beep: error: ")
    assert done.stderr.count("\n") == 1


def test_no_stderr(beep):
    """A program whose stderr has been closed puts no words among its samples."""
    closed = ["sh", "-c", '"$@" 2>&-', "sh", *beep.command("export", "-", *SHORT_OPTIONS)]

    assert subprocess.run(closed, stdout=subprocess.PIPE).stdout == beep("export", "-", *SHORT_OPTIONS).stdout


def test_force_spares_what_is_no_ordinary_file(tmp_path):
    """A pipe, say, is refused and stays; a link stays a link, and the file behind it is new, with its permissions."""
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "real.wav").write_bytes(b"old")
    (tmp_path / "real.wav").chmod(0o600)
    (tmp_path / "link.wav").symlink_to("real.wav")

    with pytest.raises(OutputError, match="not an ordinary file"):
        export(SHORT, tmp_path / "pipe.wav", force=True)
    export(SHORT, tmp_path / "link.wav", force=True)

    assert (tmp_path / "pipe.wav").is_fifo()
    assert (tmp_path / "link.wav").is_symlink()
    assert (tmp_path / "real.wav").read_bytes()[:4] == b"RIFF"
    (tmp_path / "new").touch()
    assert (tmp_path / "real.wav").stat().st_mode == (tmp_path / "new").stat().st_mode


# --- other processes --------------------------------------------------------------------------------------------


def test_two_processes_with_one_number(tmp_path, monkeypatch):
    """Two containers write one name at the same time, both as process 1: the later one stands, or says why not."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    path = tmp_path / "a.txt"
    with ExitStack() as second, ExitStack() as first:
        for number, writer in enumerate((first, second)):
            writer.enter_context(whole_file(path)).write_text(f"{number}")
        first.close()
        assert path.read_text() == "0"
        with pytest.raises(OutputError, match="already exists"):
            second.close()
    assert path.read_text() == "0"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_killed_at_any_moment(beep):
    """Of two exports to one name, killed at a random moment, nothing half is left, and no traceback is printed.

    What SIGKILL leaves is removed by the next export when it is a day old. tests/kill.py does the same a hundred times.
    """
    killed(beep, [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])


def test_only_old_leftovers_are_removed(tmp_path):
    """A temporary folder of today, or in which a file of today lies, belongs to an export that is under way."""
    old_s = time.time() - 90_000
    for name, folder_s, file_s in (("old", old_s, old_s), ("growing", old_s, time.time()), ("new", time.time(), old_s)):
        folder = tmp_path / f".beep-{name}.part"
        folder.mkdir()
        (folder / "a.wav").write_bytes(b"half")
        os.utime(folder / "a.wav", (file_s, file_s))
        os.utime(folder, (folder_s, folder_s))
    with whole_file(tmp_path / "b.txt") as part:
        part.write_text("whole")

    assert sorted(path.name for path in tmp_path.iterdir()) == [".beep-growing.part", ".beep-new.part", "b.txt"]
