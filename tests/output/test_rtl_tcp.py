"""The virtual dongle, as a program on the other side of a socket sees it."""

import socket
import threading
import time
from functools import reduce
from struct import pack

import numpy as np
import pytest

from beep.base.errors import OutputError
from beep.output.rtl_tcp import AUTO_GAIN_DB, GAINS_DB, USUAL_RATE, Dongle, DongleSettings
from beep.scenario.scenario import Carrier, Scenario
from beep.stream.resolve import receive

ALWAYS = (Carrier(frequency_mhz=20.005, sends="always"), Carrier(frequency_mhz=40.002, sends="always"))
STILL = receive(Scenario(still=True, duration_s=3600, carriers=ALWAYS))
RATE_HZ = 250_000
PATIENCE_S = 60


def dongle_of(reception=STILL, **settings):
    return Dongle(reception=reception, port=0, **settings)


def connected(dongle, *commands):
    """A client that has sent commands (number, value) and read the greeting."""
    client = socket.create_connection((dongle.host, dongle.port), timeout=PATIENCE_S)
    client.sendall(b"".join(pack(">BI", number, value) for number, value in commands))
    assert received(client, 12) == b"RTL0" + pack(">II", 5, 29)
    return client


def tuned(dongle, *commands):
    """A client that has read all samples of the settings before its commands."""
    began_s = time.monotonic()
    client = connected(dongle, *commands)
    settings = None
    while settings is None or reduce(lambda before, command: before.changed(*command), commands, settings) != settings:
        assert time.monotonic() < began_s + PATIENCE_S
        time.sleep(0.01)
        settings = dongle.clients[f"127.0.0.1:{client.getsockname()[1]}"].settings
    samples(client, 60_000 + int(USUAL_RATE * (time.monotonic() - began_s)))
    return client


def received(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        assert more, "the server has closed the connection"
        data += more
    return data


def samples(client, count):
    pairs = np.frombuffer(received(client, 2 * count), np.uint8).astype(float).reshape(-1, 2)
    return (pairs - 127.5) / 127.5 @ [1, 1j]


def test_every_tuning_has_the_carrier_at_its_place():
    """For any center the peak is at carrier - center, within a step of the spectrum, and the C/N0 that of the link."""
    with dongle_of() as dongle:
        for center_hz, carrier_hz, c_n0_db_hz in (
            (20_000_000, 20_005_000, 57.9),
            (19_900_000, 20_005_000, 57.9),
            (40_100_000, 40_002_000, 60.0),
        ):
            with tuned(dongle, (1, center_hz), (2, RATE_HZ)) as client:
                power = np.abs(np.fft.fft(samples(client, RATE_HZ) * np.hanning(RATE_HZ))) ** 2
            peak = int(np.argmax(power))
            assert peak == (carrier_hz - center_hz) % RATE_HZ
            noise = np.mean(np.delete(power, range(peak - 50, peak + 50)))  # in 1 Hz, with the window's power of 3/8
            carrier = power[peak - 2 : peak + 3].sum()
            assert 10 * np.log10(carrier / noise) == pytest.approx(c_n0_db_hz, abs=0.3)


def test_no_carrier_in_the_band_is_noise():
    """At 30 MHz there is the noise of the place only."""
    with dongle_of() as dongle, tuned(dongle, (1, 30_000_000), (2, RATE_HZ)) as client:
        noise = samples(client, RATE_HZ // 5)
    power = np.abs(np.fft.fft(noise)) ** 2

    assert 10 * np.log10(np.mean(np.abs(noise) ** 2)) == pytest.approx(-12, abs=0.2)
    assert power.max() < 25 * power.mean()


def test_shift_is_that_of_an_up_converter():
    """With a shift of 125 MHz the carrier is at 145.005 MHz."""
    with dongle_of(shift_hz=125_000_000) as dongle, tuned(dongle, (2, RATE_HZ), (1, 145_000_000)) as client:
        assert np.argmax(np.abs(np.fft.fft(samples(client, RATE_HZ)))) == 5000


def test_gain_changes_the_level():
    """12 dB more gain are 12 dB more signal, until it clips; automatic gain has its own level."""
    levels_db = []
    with dongle_of() as dongle:
        for commands in ([(3, 1), (4, 157)], [(3, 1), (4, 280)], [(3, 1), (13, len(GAINS_DB) - 1)], [(3, 1), (3, 0)]):
            with tuned(dongle, (2, RATE_HZ), (1, 20_000_000), *commands) as client:
                levels_db.append(10 * np.log10(np.mean(np.abs(samples(client, 50_000)) ** 2)))

    assert levels_db[1] - levels_db[0] == pytest.approx(12.3, abs=0.5)  # 28.0 dB less 15.7 dB
    assert levels_db[2] > levels_db[1] + 10
    assert levels_db[3] == pytest.approx(-12, abs=0.2)


SETTINGS = DongleSettings(frequency_hz=20_000_000, sample_rate_hz=RATE_HZ, gain_db=None)


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ((1, 100), {"frequency_hz": 100}),
        ((2, 2_400_000), {"sample_rate_hz": 2_400_000}),
        ((2, 10), {}),
        ((2, 2**32 - 1), {}),
        ((3, 1), {"gain_db": AUTO_GAIN_DB}),
        ((4, 496), {"gain_db": 49.6}),
        ((4, 2**32 - 10), {"gain_db": 0.0}),
        ((4, 100_000), {"gain_db": 49.6}),
        ((13, 28), {"gain_db": 49.6}),
        ((13, 29), {}),
        ((5, 1), {}),
        ((255, 7), {}),
    ],
)
def test_commands(command, changes):
    """The known commands are obeyed within the limits of a dongle, all others are ignored."""
    assert vars(SETTINGS.changed(*command)) == {**vars(SETTINGS), **changes}


def test_bad_clients_do_not_disturb_another():
    """Garbage, a client that never reads, twenty that go at once: one goes on without a missing sample."""
    with dongle_of() as dongle, connected(dongle, (2, RATE_HZ)) as good, connected(dongle) as garbage:
        lazy = connected(dongle, (2, 3_200_000))
        garbage.sendall(np.random.default_rng(1).bytes(100_001))
        for number in range(20):
            client = connected(dongle, (1, 20_000_000), (2, RATE_HZ))
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))  # resets, as when it is killed
            client.close()
        samples(good, 2 * RATE_HZ)
        good_now = dongle.clients[f"127.0.0.1:{good.getsockname()[1]}"]
        assert good_now.settings.sample_rate_hz == RATE_HZ
        lazy.close()
        deadline_s = time.monotonic() + PATIENCE_S
        while len(dongle.clients) > 2 and time.monotonic() < deadline_s:
            samples(good, RATE_HZ // 10)
        assert len(dongle.clients) == 2


def test_it_keeps_time():
    """The samples of a second take a second, and a client that comes later receives the same moment of the pass."""
    with dongle_of(from_s=100.0) as dongle, connected(dongle, (2, RATE_HZ)) as client:
        samples(client, RATE_HZ // 4)
        begun_s = time.monotonic()
        samples(client, RATE_HZ)
        assert time.monotonic() - begun_s > 0.6  # a block of 0.23 s may have been on its way
        assert dongle.position_s > 101


def test_end_of_the_pass_and_loop():
    """The server ends with the pass, and in a loop begins again."""
    short = receive(Scenario(still=True, duration_s=0.5))
    with dongle_of(short) as dongle:
        assert not dongle.wait(PATIENCE_S)
    with dongle_of(short, loop=True) as dongle, connected(dongle, (2, RATE_HZ)) as client:
        samples(client, RATE_HZ)  # of four times 0.25 s
        assert dongle.wait(0.0)


def test_nothing_stays():
    """After the end no thread and no port is left."""
    with dongle_of() as dongle, connected(dongle):
        pass
    assert not [thread for thread in threading.enumerate() if "_serve" in thread.name or "_accept" in thread.name]
    socket.create_server((dongle.host, dongle.port)).close()


def test_port_in_use(beep):
    """A port that is in use is told in one line."""
    with dongle_of() as dongle:
        with (
            pytest.raises(OutputError, match="the address must be one of this machine and free"),
            Dongle(reception=STILL, port=dongle.port),
        ):
            pass
        ran = beep("rtl-tcp", "--port", dongle.port)

    assert (ran.status, ran.stderr.count("\n")) == (1, 1)
    assert "choose another host or port" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--host", "no.such.host.invalid"),
            "the address must be one of this machine and free, got no.such.host.invalid:1234",
        ),
        (("--port", 99_999), "--port must be a number from 0 to 65535, got 99999"),
        (("--from-s", 1e6), "--from-s must be at least 0 and below"),
        (("--shift-mhz", "nan"), "--shift-mhz must be"),
        (("--sample-rate-hz", "2.4M"), "the program that tunes sets sample rate and gain, got --sample-rate-hz"),
        (("--agc",), "I/Q is the signal before the receiver, got --agc"),
    ],
)
def test_refused(beep, arguments, said):
    """One line each."""
    ran = beep("rtl-tcp", "--duration-s", 5, *arguments)

    assert (ran.status, ran.stderr.count("\n")) == (1, 1)
    assert said in ran.stderr
