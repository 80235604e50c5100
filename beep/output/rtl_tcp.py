"""A virtual dongle: the signal in real time, as rtl_tcp serves that of a real one, to any SDR program.

References: `rtl_tcp.c` and `tuner_r82xx.c` of librtlsdr (greeting, commands, gains of an R820T).
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from struct import pack, unpack

from beep.base.sockets import listening_socket
from beep.output.iq import UNSIGNED_ZERO, encoded
from beep.stream.baseband import Iq, Tuning, default_center_hz, iq_blocks, tune
from beep.stream.reception import Reception

RTL_TCP_PORT = 1234
LEAST_RATE, MOST_RATE, USUAL_RATE = 225_000, 3_200_000, 2_048_000
R820T = 5
GAINS_DB = (
    *(0.0, 0.9, 1.4, 2.7, 3.7, 7.7, 8.7, 12.5, 14.4, 15.7, 16.6, 19.7, 20.7, 22.9, 25.4),
    *(28.0, 29.7, 32.8, 33.8, 36.4, 37.2, 38.6, 40.2, 42.1, 43.4, 43.9, 44.5, 48.0, 49.6),
)
GREETING = pack(">4sII", b"RTL0", R820T, len(GAINS_DB))
COMMAND_BYTES = 5
AUTO_GAIN_DB = 29.7  # setting that has the level of the automatic gain, at the first carrier and the usual rate
DITHER = 0.5 / UNSIGNED_ZERO  # rms: half a step of the eight bits
ACCEPT_S = 0.2  # between two looks at whether the server has ended
MOST_LATE_S = 1.0  # a client that is later misses samples


@dataclass(frozen=True, kw_only=True)
class DongleSettings:
    """What a client has set."""

    frequency_hz: int
    sample_rate_hz: int
    gain_db: float | None  # None for automatic gain

    def changed(self, command: int, value: int) -> "DongleSettings":
        """Return the settings after a command; those that a dongle does not know change nothing."""
        if command == 1:
            return replace(self, frequency_hz=value)
        if command == 2 and LEAST_RATE <= value <= MOST_RATE:
            return replace(self, sample_rate_hz=value)
        if (command == 3 and value == 0) or (command == 8 and value == 1):  # automatic gain of tuner, of demodulator
            return replace(self, gain_db=None)
        if command == 3 and self.gain_db is None:
            return replace(self, gain_db=AUTO_GAIN_DB)
        if command == 4:  # tenths of a dB, as a signed number; a real tuner takes the nearest of its gains
            return replace(self, gain_db=_nearest_gain_db((value ^ 1 << 31) - (1 << 31)))
        if command == 13 and value < len(GAINS_DB):
            return replace(self, gain_db=GAINS_DB[value])
        return self


def _nearest_gain_db(tenths: int) -> float:
    return min(GAINS_DB, key=lambda gain_db: abs(gain_db - tenths / 10))


@dataclass(eq=False)
class DongleClient:
    """A connected program."""

    connection: socket.socket
    address: str
    settings: DongleSettings
    missed_s: float = 0.0  # length of the samples that it did not get, because it or this machine was too slow
    _rest: bytes = b""  # of a command

    def read_commands(self) -> bool:
        """Read the commands that have come; False where the client has gone."""
        while select.select([self.connection], [], [], 0)[0]:
            if not (data := self.connection.recv(4096)):
                return False
            data = self._rest + data
            whole = len(data) // COMMAND_BYTES * COMMAND_BYTES
            for at in range(0, whole, COMMAND_BYTES):
                self.settings = self.settings.changed(*unpack(">BI", data[at : at + COMMAND_BYTES]))
            self._rest = data[whole:]
        return True


@dataclass(kw_only=True, eq=False)
class Dongle:
    """Serves a reception to any number of clients, each with a tuning of its own; `with` it, then `wait`.

    All clients receive the same moment of the pass: it is `from_s` when the block begins. `shift_hz` is subtracted from
    the frequency that a client asks for, as behind an up-converter. Raises OutputError where the address is not free.
    """

    reception: Reception
    host: str = "127.0.0.1"
    port: int = RTL_TCP_PORT
    from_s: float = 0.0
    loop: bool = False
    shift_hz: int = 0
    clients: dict[str, DongleClient] = field(default_factory=dict, init=False)

    def __enter__(self) -> "Dongle":
        self._listener = listening_socket(self.host, self.port)
        self._listener.settimeout(ACCEPT_S)
        self.port = self._listener.getsockname()[1]
        carrier = self.reception.scenario.carriers[0]
        self._usual = DongleSettings(
            frequency_hz=default_center_hz(carrier, USUAL_RATE) + self.shift_hz,
            sample_rate_hz=USUAL_RATE,
            gain_db=None,
        )
        self._full_scale_dbw = self._tuned(self._usual).full_scale_dbw
        self._began_s = time.monotonic()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for client in list(self.clients.values()):
            with suppress(OSError):
                client.connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that sends
        for thread in self._threads:
            thread.join(MOST_LATE_S)
        self._listener.close()

    @property
    def position_s(self) -> float:
        """Time of the pass that is sent now, seconds after its first sample; with `loop` it goes on beyond the end."""
        return self.from_s + time.monotonic() - self._began_s

    def wait(self, timeout_s: float) -> bool:
        """Wait some time; False where the recording has ended."""
        left_s = timeout_s if self.loop else min(timeout_s, self.reception.duration_s - self.position_s)
        return not self._ended.wait(max(left_s, 0)) and (self.loop or self.position_s < self.reception.duration_s)

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, address = self._listener.accept()
            except OSError:  # nobody came, or the client has gone already
                continue
            client = DongleClient(connection, f"{address[0]}:{address[1]}", self._usual)
            self.clients[client.address] = client
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
            self._threads[-1].start()

    def _serve(self, client: DongleClient) -> None:
        with suppress(OSError):  # the client has gone, or was closed
            client.connection.sendall(GREETING)
            while client.read_commands() and not self._ended.is_set():
                self._send(client)
        del self.clients[client.address]
        client.connection.close()

    def _send(self, client: DongleClient) -> None:
        """Send blocks, each when its last sample is due, until the client changes its settings or is late."""
        settings = client.settings
        tuning, start_s = self._tuned(settings), self.position_s
        sent = 0
        for block in self._blocks(tuning, start_s):
            data, _ = encoded(block, "cu8")
            sent += len(block)
            early_s = start_s + sent / settings.sample_rate_hz - self.position_s
            if early_s < -MOST_LATE_S:
                client.missed_s -= early_s
                return
            if self._ended.wait(max(early_s, 0)):
                raise ConnectionAbortedError
            client.connection.sendall(data)
            if not client.read_commands():
                raise ConnectionResetError
            if client.settings != settings:
                return
        self._ended.wait(MOST_LATE_S)  # the recording is over

    def _tuned(self, settings: DongleSettings) -> Tuning:
        gain_db = settings.gain_db
        return tune(
            self.reception,
            center_hz=settings.frequency_hz - self.shift_hz,
            sample_rate_hz=settings.sample_rate_hz,
            level_dbfs=None,
            full_scale_dbw=None if gain_db is None else self._full_scale_dbw - (gain_db - AUTO_GAIN_DB),
            dither=DITHER,
        )

    def _blocks(self, tuning: Tuning, start_s: float) -> Iterator[Iq]:
        """Blocks from a moment of the pass on, and in a loop again from its first sample."""
        start = round(start_s * tuning.sample_rate_hz)
        if self.loop:
            start %= tuning.frames
        while start < tuning.frames:
            yield from iq_blocks(tuning, start=start)
            start = 0 if self.loop else tuning.frames
