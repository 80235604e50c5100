"""What a recording's beeps have in common: they are laid over each other, and a picture and a table come out.

    python examples/fold_beeps.py [recording.wav [picture.png]]

Without a recording it makes one of the preset `folklore`.
The course of tone and level within a beep, what remains between the beeps, harmonics, hum, and how regular the keying
is. It reads the first channel and knows nothing of how the sound was made: a beep is where the level near the strongest
tone has the upper of its two values. Frequencies are of the recording; a tape's speed is in them.
"""

import sys
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

import beep

Array = NDArray[Any]

LOW_HZ, HIGH_HZ = 400.0, 3000.0  # in which the tone is looked for
HALF_BAND_HZ = 120.0  # of the band around the tone
AROUND_S = 0.15  # of the gap, to both sides of a beep, that is shown
STEP_S = 0.0005  # of the folded courses


def analytic(samples: Array, rate_hz: float, low_hz: float, high_hz: float) -> Array:
    """Complex samples of a band with soft edges: their modulus is the level, their phase that of the tone."""
    spectrum = np.fft.fft(samples)
    frequency_hz = np.fft.fftfreq(samples.size, 1 / rate_hz)
    middle_hz, half_hz = (low_hz + high_hz) / 2, (high_hz - low_hz) / 2
    spectrum *= 2 * np.exp2(-(((frequency_hz - middle_hz) / half_hz) ** 4))  # -6 dB at its edges
    return np.fft.ifft(spectrum)


def smooth(values: Array, width: int) -> Array:
    """Mean over `width` values."""
    return np.convolve(values, np.ones(width) / width, "same")


def crossing(level: Array, threshold: float, index: int) -> float:
    """Index with a fraction at which the level crosses a threshold after `index`."""
    return float(index + (threshold - level[index]) / (level[index + 1] - level[index]))


def beeps(level: Array, rate_hz: float) -> Array:
    """Starts and ends in samples of the beeps: where the level is above the middle of its two values, in dB.

    The level is compared with that of the two seconds around. Shorter than 30 ms is no beep and no gap.
    """
    step = max(1, int(rate_hz * 0.005))
    coarse_db = 20 * np.log10(smooth(level, step)[::step] + 1e-9)
    width = int(2.0 / 0.005)
    padded = np.pad(coarse_db, width // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width + 1)[: coarse_db.size]
    low_db, high_db = np.percentile(windows, [10, 90], axis=1)
    rest = np.minimum(high_db - 6, np.maximum((low_db + high_db) / 2, high_db - 10))
    on = np.repeat(coarse_db > rest, step)[: level.size].astype(int)
    least = int(0.03 * rate_hz)
    for value in (1, 0):  # gaps first, then beeps that are too short
        edges = np.flatnonzero(np.diff(on, prepend=value, append=value))
        for start, stop in zip(edges[::2], edges[1::2], strict=False):
            if stop - start < least:
                on[start:stop] = value
    edges = np.flatnonzero(np.diff(on, prepend=0, append=0))
    pairs = [(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if start > 0 and stop < on.size]
    found = []
    for start, stop in pairs:
        third = (stop - start) // 3
        half = np.median(level[start + third : stop - third]) / 2
        first = start - least + np.flatnonzero(level[max(start - least, 0) : start + third] < half)[-1:]
        last = stop - third + np.flatnonzero(level[stop - third : stop + least] >= half)[-1:]
        if first.size and last.size and first[0] > 0 and last[0] + 1 < level.size:
            found.append((crossing(level, half, first[0]), crossing(level, half, last[0])))
    return np.array(found).reshape(-1, 2)


def fold(samples: Array, rate_hz: float) -> dict[str, Any]:
    """Return the features of a recording (N,) by name: numbers, and the folded courses as arrays."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    frequency_hz = np.fft.rfftfreq(samples.size, 1 / rate_hz)
    inside = (frequency_hz > LOW_HZ) & (frequency_hz < HIGH_HZ)
    tone_hz = frequency_hz[inside][np.argmax(smooth(spectrum, max(1, int(20 * samples.size / rate_hz)))[inside])]
    wide = analytic(samples, rate_hz, max(tone_hz - 700, 300.0), tone_hz + 700)
    band = analytic(samples, rate_hz, tone_hz - HALF_BAND_HZ, tone_hz + HALF_BAND_HZ)
    found = beeps(smooth(np.abs(wide), max(1, int(rate_hz / tone_hz))), rate_hz)
    if len(found) < 3:
        raise SystemExit(f"at least three beeps are needed, found {len(found)}")
    starts_s, ends_s = found.T / rate_hz
    length_s = np.median(ends_s - starts_s)
    between_s = np.median(np.diff(starts_s))
    slot = np.cumsum(np.append(0, np.maximum(1, np.round(np.diff(starts_s) / between_s))))
    period_s, origin_s = np.polyfit(slot, starts_s, 1)
    found_s = slice(1, -1) if len(found) > 8 else slice(None)
    starts, ends = found[found_s].T

    # The courses: the frequency is the advance of the phase over 4 ms, the level is relative to that of the beep.
    shift_s = np.arange(-AROUND_S, length_s + AROUND_S, STEP_S)
    at = np.clip(np.rint(starts[:, None] + shift_s * rate_hz).astype(int), 0, samples.size - 1)
    hop = round(0.004 * rate_hz)
    turned = band[np.minimum(at + hop // 2, samples.size - 1)] * np.conj(band[np.maximum(at - hop + hop // 2, 0)])
    course_hz = np.angle(turned * np.exp(-2j * np.pi * tone_hz * hop / rate_hz)) * rate_hz / hop / 2 / np.pi
    middle = (shift_s > 0.01) & (shift_s < length_s - 0.01)
    level = np.abs(wide)[at]
    level /= np.median(level[:, middle], axis=1)[:, None]
    t_s = shift_s[middle]
    mixed_down = band[at[:, middle]] * np.exp(-2j * np.pi * tone_hz * at[:, middle] / rate_hz)
    phase = np.unwrap(np.angle(mixed_down), axis=1)
    slopes, offsets = np.polyfit(t_s, phase.T, 1)
    tones_hz = tone_hz + slopes / 2 / np.pi
    tone_now_hz = np.median(tones_hz)
    bends = np.polyfit(t_s, phase.T, 2)[0] / np.pi

    # Levels in the gaps against the beeps, by mean power; frequency of what remains there.
    power = np.abs(band) ** 2

    def power_in(firsts: Array, lasts: Array) -> float:
        parts = [power[int(a) : int(b)].mean() for a, b in zip(firsts, lasts, strict=True) if 0 <= a < b]
        return float(np.mean(parts))

    length = ends - starts
    pulse = power_in(starts + 0.2 * length, ends - 0.2 * length)
    after_db = 10 * np.log10(power_in(ends + 0.02 * rate_hz, ends + 0.05 * rate_hz) / pulse)
    before_db = 10 * np.log10(power_in(starts - 0.05 * rate_hz, starts - 0.02 * rate_hz) / pulse)
    rest_hz = []
    for end, start in zip(ends[:-1], starts[1:], strict=True):
        part = band[int(end + 0.03 * rate_hz) : int(start - 0.03 * rate_hz)]
        if 0.05 * rate_hz < part.size < rate_hz:
            rest_hz.append(np.angle(np.sum(part[1:] * np.conj(part[:-1]))) * rate_hz / 2 / np.pi)

    # Harmonics, from the middles of the beeps; the click, from the first 6 ms of each.
    size = int(0.7 * length_s * rate_hz)
    harmonic = around(samples, starts + 0.15 * length, size, rate_hz, tone_now_hz * np.array([1, 2, 3]), 80.0)
    beside_hz = np.arange(400.0, 2501.0, 100.0)
    beside_hz = beside_hz[np.abs(beside_hz - tone_now_hz) > 350]
    short = int(0.006 * rate_hz)
    click = around(samples, starts - short // 2, short, rate_hz, beside_hz, 60.0)
    steady = around(samples, starts + 0.5 * length, short, rate_hz, beside_hz, 60.0)
    mean_level = level.mean(axis=0)
    rising = (shift_s > -0.03) & (shift_s < 0.03)
    floor = np.median(mean_level[(shift_s > -0.06) & (shift_s < -0.03)])
    rise = [np.flatnonzero(mean_level[rising] < floor + part * (1 - floor))[-1] for part in (0.1, 0.9)]
    ripple = np.array([smooth(row, 9)[9:-9] for row in level[:, middle]])
    ripple -= np.array([np.polyval(np.polyfit(t_s[9:-9], row, 1), t_s[9:-9]) for row in ripple])
    lines_hz = np.polyval(np.polyfit(starts, tones_hz, 1), starts)
    return {
        "beeps": len(found),
        "tone_hz": tone_now_hz,
        "period_s": period_s,
        "least_period_s": (np.diff(starts_s) / np.diff(slot)).min(),
        "most_period_s": (np.diff(starts_s) / np.diff(slot)).max(),
        "onset_sd_ms": 1e3 * np.std(starts_s - origin_s - period_s * slot, ddof=2),
        "length_ms": 1e3 * np.mean(ends_s - starts_s),
        "length_sd_ms": 1e3 * np.std(ends_s - starts_s, ddof=1),
        "gap_after_db": after_db,
        "gap_before_db": before_db,
        "gap_tone_hz": np.median(rest_hz) - tone_now_hz,
        "slope_hz_s": np.median(bends),
        "slope_sd_hz_s": np.std(bends),
        "phase_rms_rad": np.median(np.std(phase.T - slopes * t_s[:, None] - offsets, axis=0)),
        "tone_sd_hz": np.std(tones_hz - lines_hz),
        "am_db": 20 * np.log10(np.median(ripple.std(axis=1)) + 1e-9),
        "second_db": 10 * np.log10(harmonic[1] / harmonic[0]),
        "third_db": 10 * np.log10(harmonic[2] / harmonic[0]),
        "rise_ms": 1e3 * STEP_S * (rise[1] - rise[0]),
        "click_over_pulse_db": 10 * np.log10(np.mean(click) / np.mean(steady)),
        "shift_s": shift_s,
        "course_hz": course_hz + tone_hz - tone_now_hz,
        "level": level,
    }


def around(samples: Array, firsts: Array, size: int, rate_hz: float, centres_hz: Array, half_hz: float) -> Array:
    """Mean power (M,) within half_hz of each of M frequencies, in pieces of `size` samples."""
    count = max(size, round(rate_hz / 5))
    pieces = [samples[int(first) : int(first) + size] for first in firsts]
    pieces = [piece * np.hanning(size) for piece in pieces if piece.size == size]
    spectrum = np.mean(np.abs(np.fft.rfft(pieces, count)) ** 2, axis=0)
    frequency_hz = np.fft.rfftfreq(count, 1 / rate_hz)
    return np.array([spectrum[np.abs(frequency_hz - centre_hz) < half_hz].sum() for centre_hz in centres_hz])


def picture(features: dict[str, Any], path: str) -> None:
    """Write the folded courses of tone and level as a PNG."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, (upper, lower) = pyplot.subplots(2, sharex=True, figsize=(9, 6))
    shift_ms = 1e3 * features["shift_s"]
    upper.plot(shift_ms, features["course_hz"].T, color="0.8", linewidth=0.5)
    upper.plot(shift_ms, np.median(features["course_hz"], axis=0), color="C3")
    upper.set(ylabel="tone less its median (Hz)", ylim=(-100, 100))
    level_db = 20 * np.log10(features["level"] + 1e-6)
    lower.plot(shift_ms, level_db.T, color="0.8", linewidth=0.5)
    lower.plot(shift_ms, 20 * np.log10(features["level"].mean(axis=0)), color="C3")
    lower.set(xlabel="time after the start of the beep (ms)", ylabel="level (dB)", ylim=(-45, 8))
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    """Print the features of a recording, and write a picture where one is asked for."""
    if len(sys.argv) > 1:
        samples, rate_hz = soundfile.read(sys.argv[1], always_2d=True)
    else:
        scenario = beep.preset("folklore")
        samples, rate_hz = beep.render(scenario), scenario.sample_rate_hz
    features = fold(samples[:, 0], rate_hz)
    for name, value in features.items():
        if np.ndim(value) == 0:
            print(f"{name:20} {value:10.4g}")
    if len(sys.argv) > 2:
        picture(features, sys.argv[2])


if __name__ == "__main__":
    main()
