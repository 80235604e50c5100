"""Mains hum: lines at multiples of 50 or 60 Hz that are always there."""

import numpy as np

from beep.measuring.framing import Framer
from beep.measuring.recording import Recording

LISTEN_S = 30.0
MAINS_HZ = (50.0, 60.0)
HARMONICS = 8
OFF = 0.03  # by which a tape may run too fast or too slow
AUDIBLE = 1e-5  # of the loudest line, in power: a pure tone reaches so far through the window
ABOVE = 12.0  # in power, of the noise beside


def hum_lines(recording: Recording) -> list[tuple[float, ...]]:
    """Frequencies of the hum lines in each channel, Hz, in the first half minute; none where there is no family."""
    rate = recording.sample_rate_hz
    size = min(rate, recording.frames)
    window = np.hanning(size).astype(np.float32)
    highest = int((HARMONICS + 1) * MAINS_HZ[-1] * size / rate)
    framer = Framer(size=size, step=size // 2, most=4)
    powers = [
        np.abs(np.fft.rfft(frames * window)[..., :highest]) ** 2
        for block in recording.blocks(stop=int(LISTEN_S * rate))
        for frames in framer.frames(block)
    ]
    # The median over time: what is keyed less than half of the time is not hum.
    power = np.median(np.concatenate(powers, axis=1), axis=1)
    return [_lines(channel, rate / size) for channel in power]


def _lines(power: np.ndarray[tuple[int, ...], np.dtype[np.float64]], bin_hz: float) -> tuple[float, ...]:
    best: tuple[float, ...] = ()
    least = max(1e-12, AUDIBLE * float(power.max()))
    for mains_hz in MAINS_HZ:
        found = []
        for number in range(1, HARMONICS + 1):
            hz = number * mains_hz
            near = np.arange(int(hz * (1 - OFF) / bin_hz), int(hz * (1 + OFF) / bin_hz) + 2)
            near = near[(near > 0) & (near < len(power) - 1)]
            if not len(near):
                continue
            at = int(near[power[near].argmax()])
            around = power[max(at - 20, 1) : at + 21]
            if (
                power[at] > ABOVE * np.median(around)
                and power[at] > least
                and power[at] >= power[at - 1 : at + 2].max()
            ):
                left, mid, right = np.sqrt(power[at - 1 : at + 2])
                found.append(round(float((at + (right - left) / (2 * (2 * mid - left - right) + 1e-30)) * bin_hz), 1))
        if len(found) > len(best):
            best = tuple(found)
    return best
