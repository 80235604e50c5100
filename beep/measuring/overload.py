"""Overload of a receiver or a tape, told by the third harmonic of the beeps, and how much it lengthens them."""

import numpy as np

from beep.base.arrays import Array
from beep.measuring.recording import Recording

LOOKED_AT, LEAST_LOOKED_AT = 40, 6  # beeps
PART = 0.6  # of a beep, its middle
WITHIN = 0.04  # of a harmonic's frequency: a tape's flutter leaves it there
NOISE_BESIDE = 0.05, 0.1  # where the noise is
SIGNIFICANT = 4.0  # standard errors
LENGTHENING = 12 / np.pi**2  # see `lengthening_s`


def third_harmonic(recording: Recording, channel: int, start_s: Array, stop_s: Array, tone_hz: Array) -> float:
    """Amplitude of the third harmonic against the tone of beeps (N,), their median; 0 where none is found."""
    rate_hz, shares = recording.sample_rate_hz, []
    for number in np.unique(np.linspace(0, len(start_s) - 1, LOOKED_AT).astype(int)):
        edge_s = (stop_s[number] - start_s[number]) * (1 - PART) / 2
        first, last = ((start_s[number] + edge_s) * rate_hz, (stop_s[number] - edge_s) * rate_hz)
        blocks = [block[:, channel] for block in recording.blocks(start=max(round(first), 0), stop=round(last))]
        if not blocks:
            continue
        samples = np.concatenate(blocks)
        power = np.abs(np.fft.rfft(samples * np.hanning(samples.size).astype(np.float32), norm="forward")) ** 2
        harmonic = np.fft.rfftfreq(samples.size, 1 / rate_hz) / tone_hz[number]
        off = np.abs(harmonic / 3 - 1)
        third, beside = off < WITHIN, (off > NOISE_BESIDE[0]) & (off < NOISE_BESIDE[1])
        tone = power[np.abs(harmonic - 1) < WITHIN].sum()
        if harmonic[-1] < 3 * (1 + NOISE_BESIDE[1]) or not third.any() or not tone > 0:
            continue
        shares.append(float((power[third].sum() - power[beside].mean() * third.sum()) / tone))
    if len(shares) < LEAST_LOOKED_AT:
        return 0.0
    middle, error = float(np.median(shares)), 1.2533 * float(np.std(shares)) / len(shares) ** 0.5
    return middle**0.5 if middle > SIGNIFICANT * error else 0.0


def lengthening_s(third: float, rise_s: float) -> float:
    """By how much, at least, an overload with the third harmonic `third` lengthens beeps whose edges take `rise_s`.

    To first order in `third` an odd limiter takes 3 third a^3 of an amplitude a, against that of a beep. From its own
    two levels an edge then differs by 3 third (a - a^3), which is a shift by 6 third rise_s / pi^2 where the edge a(t)
    is a raised cosine: least squares, integrated over a. Of x / sqrt(1 + x^2) it is exact for a weak overload, 12 %
    too little at -22 dB, and 28 % at -15 dB.
    """
    return LENGTHENING * third * rise_s
