"""Recordings for the tests of measuring, made without the package: tapes like those of 1957, sounds without beeps."""

from dataclasses import dataclass

import numpy as np
from scipy import signal

WORK_HZ = 44_100
MORSE = {
    **dict(zip("abcdefghi", [".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", ".."], strict=True)),
    **dict(zip("jklmnopqr", [".---", "-.-", ".-..", "--", "-.", "---", ".--.", "--.-", ".-."], strict=True)),
    **dict(zip("stuvwxyz5", ["...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..", "....."], strict=True)),
}
TEXTS = ("paris paris paris", "cq cq cq de w5sll w5sll k", "sos sos sos", "eish 5555 hiss this is his", "vvv de tass")


@dataclass(frozen=True)
class Tape:
    """A recording and its true values."""

    samples: np.ndarray
    rate_hz: int
    start_s: np.ndarray
    stop_s: np.ndarray
    drift_hz_s: float


def keying(t_s, start_s, stop_s, rise_s):
    """Raised-cosine keying at increasing times, half amplitude at each start and stop."""
    key = np.zeros(len(t_s))
    for start, stop in zip(start_s, stop_s, strict=True):
        pulse = slice(*np.searchsorted(t_s, (start - rise_s / 2, stop + rise_s / 2)))
        inside = np.minimum(t_s[pulse] - start, stop - t_s[pulse])
        level = 0.5 + 0.5 * np.sin(np.clip(inside * np.pi / rise_s, -np.pi / 2, np.pi / 2))
        key[pulse] = np.maximum(key[pulse], level)
    return key


def white(random, count, *, snr_db, rate_hz):
    """White noise against a tone of amplitude 1, whose SNR in 500 Hz is given."""
    return random.standard_normal(count) * np.sqrt(rate_hz / 2 / 2 / 500 / 10 ** (snr_db / 10))


def tape(
    seed,
    *,
    pulse_s=0.193,
    period_s=0.4468,
    irregular=False,
    dashes=False,
    splice_s=0.0,
    rise_s=0.003,
    tone_hz=1657.0,
    drift_hz_s=6.7,
    wow=0.002,
    snr_db=18.0,
    duration_s=10.0,
    rate_hz=11_025,
):
    """An amateur's tape: AGC, a residual carrier in the gaps, hum, wow, fading, clipping, 8 bits."""
    random = np.random.default_rng([99, seed])
    count = int(duration_s * WORK_HZ)
    t_s = np.arange(count) / WORK_HZ
    start, stop, at, number = [], [], -random.uniform(0, 1) * period_s, 0
    first = int(random.integers(3, 8))
    long = {first, first + int(random.integers(6, 10))} if dashes else set()
    while at < duration_s:
        length = pulse_s + 0.001 * random.standard_normal()
        slots = 3 if number in long else 1
        start.append(at)
        stop.append(at + (slots - 1) * period_s + length)
        at += random.uniform(0.65, 0.78) if irregular else slots * period_s
        number += slots
    start, stop = np.array(start), np.array(stop)
    later = start > 0.55 * duration_s
    start, stop = start - splice_s * later, stop - splice_s * later
    key = keying(t_s, start, stop, rise_s)
    hz = tone_hz + drift_hz_s * (t_s - duration_s / 2)
    hz *= 1 + wow * np.sin(2 * np.pi * 0.8 * t_s + random.uniform(0, 6)) + wow / 4 * np.sin(2 * np.pi * 7 * t_s)
    band = signal.butter(3, [250, 3000], "band", fs=WORK_HZ)
    noise = signal.lfilter(*band, white(random, count, snr_db=snr_db, rate_hz=WORK_HZ))
    heard = (0.12 + 0.88 * key) * np.sin(2 * np.pi * np.cumsum(hz) / WORK_HZ) + noise
    slow = np.exp(-1 / (0.12 * WORK_HZ))
    heard /= 0.6 + 0.8 * signal.lfilter([1 - slow], [1, -slow], key)
    for mains_hz, level in ((60, 0.25), (120, 0.15), (180, 0.1)):
        heard += level * np.sin(2 * np.pi * mains_hz * t_s + random.uniform(0, 6))
    heard *= 1 - 0.4 * np.sin(np.pi * t_s / 8.6 + random.uniform(0, 6)) ** 2
    heard = signal.resample_poly(heard, rate_hz // 25, WORK_HZ // 25)
    heard = np.clip(heard * 1.1 / np.quantile(np.abs(heard), 0.99), -0.95, 0.95)
    seen = np.minimum(stop, duration_s) - np.maximum(start, 0) > 0.02
    samples = (np.round(heard * 127) / 128).astype(np.float32)
    return Tape(samples, rate_hz, start[seen], stop[seen], drift_hz_s)


def morse_times(random, until_s, *, text, dot_s, jitter):
    """Starts and stops of Morse code, over and over."""
    start, stop, at = [], [], 0.2
    while at < until_s:
        for letter in text:
            if letter == " ":
                at += 4 * dot_s
                continue
            for element in MORSE[letter]:
                length = dot_s * (1 if element == "." else 3) * (1 + jitter * random.standard_normal())
                start.append(at)
                stop.append(at + length)
                at += length + dot_s * (1 + jitter * random.standard_normal())
            at += 2 * dot_s
    return start, stop


def morse(random, t_s, rate_hz, *, text, dot_s, jitter):
    """Morse code in noise."""
    key = keying(t_s, *morse_times(random, t_s[-1], text=text, dot_s=dot_s, jitter=jitter), 0.005)
    tone = key * np.sin(2 * np.pi * random.uniform(500, 1500) * t_s)
    return tone + white(random, len(t_s), snr_db=random.uniform(8, 30), rate_hz=rate_hz)


def syllables(random, t_s, rate_hz):
    """Something like speech: harmonics of a gliding voice under formants, and hisses, with pauses."""
    out = 0.005 * random.standard_normal(len(t_s))
    at = 0.0
    while at < t_s[-1] - 1:
        length = random.uniform(0.08, 0.35)
        begin, count = int(at * rate_hz), int(length * rate_hz)
        local = np.arange(count) / rate_hz
        pitch_hz = random.uniform(90, 220) * (1 + random.uniform(-0.3, 0.3) * local / length)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
        formants = random.uniform(300, 800), random.uniform(900, 2300), random.uniform(2400, 3000)
        voice = np.zeros(count)
        for number in range(1, int((rate_hz / 2 - 500) / 300)):
            gain = sum(np.exp(-(((number * pitch_hz[0] - formant) / 120) ** 2)) for formant in formants)
            voice += gain * np.sin(number * phase + random.uniform(0, 6))
        if random.random() < 0.3:
            voice = 0.5 * random.standard_normal(count)
        out[begin : begin + count] += voice * np.sqrt(np.hanning(count))
        at += length + (random.uniform(0, 0.12) if random.random() < 0.8 else random.uniform(0.3, 0.7))
    return 0.2 * out


def melody(random, t_s, rate_hz, *, plucked):
    """Notes of a scale in time, plucked or held."""
    out = 0.003 * random.standard_normal(len(t_s))
    beat_s, base_hz, at = random.uniform(0.18, 0.6), random.uniform(200, 600), 0.0
    while at < t_s[-1] - 1.5:
        length = beat_s * random.choice([0.5, 1, 1, 1, 2])
        begin, count = int(at * rate_hz), int(0.95 * length * rate_hz)
        local = np.arange(count) / rate_hz
        envelope = np.minimum(1, np.minimum(local, local[-1] - local) / 0.02)
        if plucked:
            envelope = np.minimum(1, local / 0.01) * np.exp(-local / random.uniform(0.1, 0.5))
        note_hz = base_hz * 2 ** (random.choice([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
        for number in range(1, 6):
            out[begin : begin + count] += 0.2 * envelope * np.sin(2 * np.pi * number * note_hz * local) / number**1.5
        at += length
    return out


def drums(random, t_s, rate_hz):
    """A knock on every beat of a metronome."""
    out = 0.003 * random.standard_normal(len(t_s))
    local = np.arange(int(0.2 * rate_hz)) / rate_hz
    for at in np.arange(0, t_s[-1] - 0.5, random.uniform(0.25, 0.6)):
        begin = int(at * rate_hz)
        knock = np.sin(2 * np.pi * (180 * local - 200 * local**2)) * np.exp(-local / 0.06)
        out[begin : begin + len(local)] += 0.3 * knock + 0.3 * random.standard_normal(len(local)) * np.exp(
            -local / 0.02
        )
    return out


def steady(random, t_s):
    """A tone that is always there: plain, trembling, wobbling, or hum."""
    noise = random.uniform(0.001, 0.5) * random.standard_normal(len(t_s))
    carrier = 2 * np.pi * random.uniform(300, 3000) * t_s
    slow = np.sin(2 * np.pi * random.uniform(0.5, 4) * t_s)
    return (
        noise
        + 0.3
        * [
            np.sin(carrier),
            (1 + 0.9 * slow) * np.sin(carrier),
            np.sin(carrier + random.uniform(2, 40) * slow),
            sum(np.sin(2 * np.pi * 60 * number * t_s) / number for number in range(1, 9)),
        ][random.integers(4)]
    )


KINDS = ["white noise", "coloured noise", "speech", "music", "organ", "steady tone", "Morse", "Morse by hand"]
KINDS += ["silence", "drums"]


def beepless(kind, number):
    """A recording of a kind without beeps, another for each number: samples, rate in Hz."""
    random = np.random.default_rng([5, number])
    rate_hz = int(random.choice([11_025, 22_050]))
    t_s = np.arange(int(rate_hz * random.uniform(8, 20))) / rate_hz
    noise = random.standard_normal(len(t_s))
    match kind:
        case "white noise":
            samples = 0.1 * noise
        case "coloured noise":
            samples = signal.lfilter(*signal.butter(2, [400, 2000], "band", fs=rate_hz), 0.3 * noise)
            samples *= 1 + 0.8 * np.sin(2 * np.pi * random.uniform(0.1, 3) * t_s)
        case "speech":
            samples = syllables(random, t_s, rate_hz)
        case "music" | "organ":
            samples = melody(random, t_s, rate_hz, plucked=kind == "music")
        case "steady tone":
            samples = steady(random, t_s)
        case "Morse" | "Morse by hand":
            text, dot_s, jitter = random.choice(TEXTS), random.uniform(0.05, 0.24), 0.1 * (kind == "Morse by hand")
            samples = morse(random, t_s, rate_hz, text=text, dot_s=dot_s, jitter=jitter)
        case "silence":
            samples = 0 * noise if number % 20 < 10 else np.round(0.6 * noise) / 127
        case "drums":
            samples = drums(random, t_s, rate_hz)
    return np.clip(samples, -1, 1).astype(np.float32), rate_hz
