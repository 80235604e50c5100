"""Levels near a tone, whatever its phase: where it is on, and how its level goes through a beep.

`curve` is the tone as a function of time; `density` is that of the noise at baseband, (N,).
"""

import numpy as np

from beep.base.arrays import Array
from beep.measuring.band import Band
from beep.measuring.bursts import Bursts
from beep.measuring.phase import PulsePhases
from beep.measuring.smooth import SmoothCurve

FOLLOWED_HZ = 90.0  # to either side of the tone, where its level is taken
BESIDE = 1.3, 3.0  # times as far from it, where the noise is
ASIDE_S = 0.35  # beside a burst, where the lower level is looked for
DIP, SMOOTHED, LEAST_RUN_S = 15, 21, 0.025  # samples that end a run, and of its smoothing; shortest run
SPECTRA_AT_ONCE = 256  # intervals whose spectra are held at once
TAIL_S = 0.01, 0.04  # from an edge
OVERSHOOT_S = (0.001, 0.008), (0.03, 0.02)  # after a rising edge: begin and length of two stretches


def find_runs(band: Band, bursts: Bursts, curve: SmoothCurve) -> tuple[Array, Array]:
    """Starts and stops (N,) of the runs at bursts in which the power near the tone has the upper of its two levels."""
    middle = bursts.middle_s
    reach_s = (bursts.stop_s - bursts.start_s) / 2 + ASIDE_S
    starts: list[float] = []
    stops: list[float] = []
    for at in range(len(bursts)):
        span = np.array([middle[at] - reach_s[at]]), int(2 * reach_s[at] * band.rate_hz)
        t_s, power = followed_power(band, *span, curve)
        inside = (t_s >= bursts.start_s[at]) & (t_s <= bursts.stop_s[at])
        if not inside.any() or (starts and bursts.stop_s[at] <= stops[-1]):
            continue
        upper = float(np.sqrt(np.median(power[inside])))
        begin, end = float(t_s[inside][0]), float(t_s[inside][-1])
        for side, ahead in ((t_s <= middle[at], -1), (t_s >= middle[at], 1)):
            beside = np.abs(t_s - middle[at]) > reach_s[at] - ASIDE_S + 0.02
            lower = float(np.sqrt(np.quantile(power[side & beside], 0.2))) if (side & beside).any() else 0.0
            order = np.flatnonzero(side)[::ahead]
            below = power[order] < ((upper + lower) / 2) ** 2
            # The first stretch below the middle that lasts is the end.
            lasting = np.flatnonzero(np.convolve(below, np.ones(DIP), "valid") >= DIP - 0.5)
            edge = t_s[order[lasting[0]]] if len(lasting) else t_s[order[-1]]
            begin, end = (float(edge), end) if ahead < 0 else (begin, float(edge))
        begin, end = max(begin, 0.0), min(end, band.duration_s)
        if starts and begin < stops[-1] + 0.01:
            stops[-1] = max(end, stops[-1])
        elif end - begin > LEAST_RUN_S:
            starts.append(begin)
            stops.append(end)
    return np.array(starts), np.array(stops)


def followed_power(band: Band, start_s: Array, count: int, curve: SmoothCurve) -> tuple[Array, Array]:
    """Times and power (count,) near the tone, smoothed over some 20 ms; what is not recorded is left out."""
    middle = start_s + count / 2 / band.rate_hz
    t_s, z = band.windows(start_s, count, np.asarray(curve(middle)), np.asarray(curve.slope_at(middle)), middle)
    hz = np.fft.fftfreq(2 * count, 1 / band.rate_hz)
    smooth = np.fft.ifft(np.fft.fft(z[0], 2 * count) * np.exp(-((hz / FOLLOWED_HZ) ** 2) / 2))[:count]
    power = np.convolve(np.abs(smooth) ** 2, np.ones(SMOOTHED) / SMOOTHED, "same")
    there = z[0] != 0
    return t_s[0][there], power[there]


def level(band: Band, low_s: Array, high_s: Array, curve: SmoothCurve, density: Array) -> Array:
    """Amplitude (N,) near the tone, whatever its phase, from `low_s` to `high_s`, noise taken out."""
    power, _ = powers(band, low_s, high_s, curve)
    return np.asarray(np.sqrt(np.maximum(power - density * 2 * FOLLOWED_HZ, 0.0)))


def powers(band: Band, low_s: Array, high_s: Array, curve: SmoothCurve) -> tuple[Array, Array]:
    """Powers (N,) near the tone from `low_s` to `high_s`, and of the noise there, from what is to both its sides."""
    count = max(int(np.ceil(float((high_s - low_s).max(initial=0.0)) * band.rate_hz)), 4)
    size = 1 << int(np.ceil(np.log2(2 * count)))
    off = np.abs(np.fft.fftfreq(size, 1 / band.rate_hz)) / FOLLOWED_HZ
    near, beside = off < 1, (off > BESIDE[0]) & (off < BESIDE[1])
    values = np.zeros((2, len(low_s)))
    for at in range(0, len(low_s), SPECTRA_AT_ONCE):
        part = slice(at, at + SPECTRA_AT_ONCE)
        middle = (low_s[part] + high_s[part]) / 2
        tone_hz, slope_hz_s = np.asarray(curve(middle)), np.asarray(curve.slope_at(middle))
        t_s, z = band.windows(low_s[part], count, tone_hz, slope_hz_s, middle)
        inside = (t_s <= high_s[part, None]) & (z != 0)
        power = np.abs(np.fft.fft(z * inside, size, axis=1)) ** 2 / (size * np.maximum(inside.sum(axis=1), 1)[:, None])
        # The median of exponentially distributed powers is log 2 of their mean.
        noise = np.median(power[:, beside], axis=1) / np.log(2)
        values[:, part] = power[:, near].sum(axis=1), noise * near.sum()
    return values[0], values[1]


def course_of_level(band: Band, start_s: Array, stop_s: Array, found: PulsePhases) -> tuple[float, float]:
    """How the amplitude goes within a beep, medians over N: last third against first, middle against both."""
    length_s = stop_s - start_s
    first, middle, last = (
        _mean_level(band, start_s + begin * length_s, 0.24 * length_s, found) for begin in (0.12, 0.38, 0.64)
    )
    little = 0.05 * found.amplitude + 1e-12
    fall = np.median(last / np.maximum(first, little))
    return float(fall), float(np.median(2 * middle / np.maximum(first + last, 2 * little)))


def overshoot(band: Band, start_s: Array, rise_s: float, found: PulsePhases) -> float:
    """Part by which the amplitude after key-down is more than later, median over N: that of a gain control."""
    first, later = (
        _mean_level(band, start_s + rise_s / 2 + begin_s, np.full(len(start_s), last_s), found)
        for begin_s, last_s in OVERSHOOT_S
    )
    return float(np.median(np.abs(first) / np.maximum(np.abs(later), 0.05 * found.amplitude + 1e-12))) - 1


def _mean_level(band: Band, low_s: Array, length_s: Array, found: PulsePhases) -> Array:
    """Amplitude (N,) from `low_s` on for `length_s`, of what is in phase if the tone is exact."""
    t_s, part, there = found.levels(band, low_s, int(np.ceil(float(np.median(length_s)) * band.rate_hz)) + 1)
    there &= t_s <= (low_s + length_s)[:, None]
    return np.asarray(np.abs((part * there).sum(axis=1)) / np.maximum(there.sum(axis=1), 1))


def tail_level(
    band: Band, start_s: Array, stop_s: Array, amplitude: Array, curve: SmoothCurve, density: Array
) -> float:
    """Median over the beeps of the amplitude just after less that just before, against the beep's own."""
    after = level(band, stop_s + TAIL_S[0], stop_s + TAIL_S[1], curve, density)
    before = level(band, start_s - TAIL_S[1], start_s - TAIL_S[0], curve, density)
    inner = (start_s > TAIL_S[1]) & (stop_s < band.duration_s - TAIL_S[1])
    return float(np.median(((after - before) / np.maximum(amplitude, 1e-30))[inner])) if inner.any() else 0.0
