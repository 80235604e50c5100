"""A sound card without hardware: a private PulseAudio daemon with a null sink whose monitor is recorded.

What a program plays through PortAudio in the card's own rate, as float32, arrives in the recording bit for bit, in real
time; an underrun arrives as silence. Nothing outside the environment that a program is given changes.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from waiting import Waiting

PROGRAMS = {"pulseaudio": "pulseaudio", "pactl": "pulseaudio-utils", "parecord": "pulseaudio-utils"}
PACKAGES = "libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils"
RATE_HZ = 48_000
SINK = f"sink_name=vsink norewinds=1 format=float32le rate={RATE_HZ} channels=2"
PATIENCE_S = 60.0
HEADER_BYTES = 88  # of what parecord writes
TAIL_S = 0.35  # recorded after a program has ended


def missing() -> str:
    """What this machine lacks for a virtual card, or nothing."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        lacking.append("the ALSA pulse plugin")
    if not list(Path("/usr/lib").glob("*/libportaudio.so.2")):
        lacking.append("PortAudio")
    return f"no {', '.join(lacking)}: sudo apt install {PACKAGES}" if lacking else ""


@dataclass
class VirtualCard:
    """A running card."""

    folder: Path
    environment: dict[str, str]
    recording: Path
    waiting: Waiting
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    players: list[subprocess.Popen[bytes]] = field(default_factory=list)  # which do not outlive the card

    def await_sound(self) -> None:
        """Wait until something has been played."""
        _await(self.waiting.measuring.is_set, self.folder)

    def control(self, *arguments: str) -> str:
        """Have pactl do something to the card."""
        done = subprocess.run(["pactl", *arguments], env=self.environment, capture_output=True, text=True)
        return done.stdout

    def remove(self) -> None:
        """Unplug it."""
        self.control("unload-module", "module-null-sink")

    def freeze(self) -> None:
        """Suspend it: it takes no more sound."""
        self.control("suspend-sink", "vsink", "1")

    def plug_in(self) -> None:
        """A card of the same name again."""
        self.control("load-module", "module-null-sink", *SINK.split())

    def recorded(self) -> np.ndarray:
        """Stop recording, and what was recorded, (N, 2) float32."""
        time.sleep(TAIL_S)
        _end(self.processes.pop())
        samples, rate_hz = soundfile.read(self.recording, dtype="float32", always_2d=True)
        assert rate_hz == RATE_HZ
        return samples


@contextlib.contextmanager
def virtual_card(folder: Path) -> Iterator[VirtualCard]:
    """A card in its own folder, already recording."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
    }
    client, alsa = folder / "client.conf", folder / "asound.conf"
    client.write_text("autospawn = no\nenable-shm = no\n")
    alsa.write_text(
        "pcm.!default {\n type pulse\n hint { show on description 'virtual card' }\n}\nctl.!default { type pulse }\n"
    )
    daemon = environment | {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "PULSE_RUNTIME_PATH": str(folder / "run"),
        "PULSE_STATE_PATH": str(folder / "state"),
    }
    environment |= {
        "PULSE_SERVER": f"unix:{folder}/native",
        "PULSE_COOKIE": str(folder / "cookie"),
        "PULSE_CLIENTCONFIG": str(client),
        "ALSA_CONFIG_PATH": f"/usr/share/alsa/alsa.conf:{alsa}",
    }
    # A real card's clock does not wait for a busy processor.
    hurry = "chrt --rr 5 " if subprocess.run(["chrt", "--rr", "5", "true"], capture_output=True).returncode == 0 else ""
    # norewinds: otherwise the sink renders two seconds ahead and the first client stalls.
    server = (
        f"{hurry}pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --disable-shm=yes --realtime=no"
        " --high-priority=no -L"
    ).split()
    protocol = f"module-native-protocol-unix socket={folder}/native auth-anonymous=1 auth-cookie-enabled=0"
    recorder = (
        f"{hurry}parecord --device=vsink.monitor --latency-msec=10 --format=float32le --rate={RATE_HZ} --channels=2"
        " --file-format=wav"
    ).split()
    recording = folder / "recording.wav"
    card = VirtualCard(folder, environment, recording, Waiting(begun=lambda: _sounds(recording)))
    with open(folder / "daemon.log", "wb") as log:

        def start(command: list[str], inside: dict[str, str]) -> None:
            card.processes.append(subprocess.Popen(command, env=inside, stdout=log, stderr=log, start_new_session=True))

        try:
            start([*server, protocol, "-L", f"module-null-sink {SINK}"], daemon)
            _await(lambda: "vsink" in card.control("list", "short", "sinks"), folder)
            start([*recorder, str(card.recording)], environment)
            _await(lambda: card.recording.exists() and card.recording.stat().st_size > 1024, folder)
            card.waiting.start()
            yield card
        finally:
            if card.waiting.is_alive():
                card.waiting.end()
            for process in card.players:
                with process:  # which closes its pipes
                    process.kill()
            for process in reversed(card.processes):
                _end(process)


def _sounds(recording: Path) -> bool:
    """Whether the last thousand frames of a growing recording hold more than silence."""
    with recording.open("rb") as file:
        file.seek(max(HEADER_BYTES, recording.stat().st_size - 8000))
        return any(file.read())


def _await(ready: Callable[[], bool], folder: Path) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > until_s:
            raise RuntimeError(f"the virtual card does not play: {(folder / 'daemon.log').read_text()}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find(export: np.ndarray, recording: np.ndarray, *, length: int = 4096) -> int | None:
    """Frame of the recording at which the export's first `length` frames lie, bit for bit."""
    key = export[:length]
    for at in np.flatnonzero(np.all(recording == key[0], axis=1)):
        if np.array_equal(recording[at : at + len(key)], key):
            return int(at)
    return None
