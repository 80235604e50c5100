"""Tapes like the real ones of 1957, made without the package, with the truth of every beep; and sounds without beeps.

A tape is one oscillator that is keyed (its tone is pulled lower while the key is up, and chirps at key-down), fades,
goes through a receiver with noise and gain control, is taped (flutter: a warp of time, or of the tone alone),
overdriven and stored with 8 bits.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal
from tapes import KINDS, beepless, keying, morse

WORK_HZ = 22_050
NOISE_BANDWIDTH_HZ = 500.0
FADE_RATE_HZ = 200.0
CHIRP_AT_S = (0.0, 0.01, 0.03, 0.06, 0.1, 0.17, 0.19)
CHIRP_HZ = (-45.0, -30.0, -13.0, -3.0, 0.0, 5.0, 12.0)


@dataclass(frozen=True)
class RealTape:
    """A recording (N,), and the truth: each beep's ends, tone and slots as they are on the tape; and the nominal."""

    samples: np.ndarray
    rate_hz: int
    start_s: np.ndarray  # (M,)
    stop_s: np.ndarray
    beep_tone_hz: np.ndarray  # mean instantaneous frequency from start to stop
    pulse_s: float
    period_s: float
    tone_hz: float  # in the recording's middle, flutter and chirp taken out
    drift_hz_per_s: float


@dataclass(frozen=True, kw_only=True)
class Dose:
    """How bad a tape is."""

    pulse_s: float = 0.193
    period_s: float = 0.4468
    rise_s: float = 0.003
    beeps: int = 22
    tone_hz: float = 1650.0
    drift_hz_s: float = 6.7
    flutter: float = 0.01  # rms of the speed
    corner_hz: float = 25.0
    warped: bool = True  # flutter warps time too, as a tape does; else the tone alone
    snr_db: float = 15.0  # in 500 Hz, of the median beep
    residual_db: float = -17.0  # level of the tone between beeps, before the gain comes back by up to 5 dB
    residual_hz: float = -20.0
    chirp: float = 1.0  # times the course of the table
    swing_db: float = 6.0  # of the level, slowly, from highest to lowest
    swing_s: float = 4.0
    am_db: float = 1.0  # within beeps, from highest to lowest
    wander: float = 0.005  # rms of key-downs about their clock, in periods
    length_sd_s: float = 0.001
    dashes: int = 0  # of three slots with the key-ups missing
    clipped: float = 0.0  # part of the samples
    agc: bool = True
    hum: float = 0.2
    bits: int = 8
    rate_hz: int = 11_025


def below(random, count, rate_hz, corner_hz):
    """Random course (count,) of rms 1, flat below a corner."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum *= np.fft.rfftfreq(count, 1 / rate_hz) < corner_hz
    course = np.fft.irfft(spectrum, count)
    return course / max(course.std(), 1e-30)


def flutter_of(random, samples, rate_hz, amount, corner_hz=25.0):
    """Samples played back at a fluctuating speed."""
    speed = 1 + amount * below(random, len(samples), rate_hz, corner_hz)
    at = np.concatenate([[0.0], np.cumsum(speed)[:-1]])
    return _interpolated(samples, np.clip(at * (len(samples) - 9) / at[-1], 0, len(samples) - 9) + 4)


def _interpolated(samples, at):
    """Samples at fractional places, by a windowed sinc of eight."""
    whole = np.floor(at).astype(int)
    part = at - whole
    out = np.zeros(len(at))
    for tap in range(-3, 5):
        x = tap - part
        out += samples[np.clip(whole + tap, 0, len(samples) - 1)] * np.sinc(x) * np.cos(np.pi * x / 8.5) ** 2
    return out


def real_tape(seed, dose):
    """A tape of that dose."""
    random = np.random.default_rng([1957, seed])
    count = dose.beeps
    slot = np.arange(count)
    long = np.zeros(count, bool)
    if dose.dashes:
        long[random.choice(np.arange(2, count - 2), dose.dashes, replace=False)] = True
    slot = np.concatenate([[0], np.cumsum(np.where(long, 3, 1))[:-1]])
    begin = random.uniform(-0.8 * dose.pulse_s, dose.period_s - dose.pulse_s)
    sent = begin + dose.period_s * slot + dose.period_s * dose.wander * random.standard_normal(count)
    length = dose.pulse_s + dose.length_sd_s * random.standard_normal(count) + np.where(long, 2 * dose.period_s, 0)
    duration_s = begin + dose.period_s * (slot[-1] + 1) + random.uniform(-0.2, 0.1)
    duration_s = max(duration_s, sent[-1] + 0.6 * length[-1])
    frames = int(duration_s * WORK_HZ)
    t_s = np.arange(frames) / WORK_HZ
    wow = dose.flutter * below(random, frames, WORK_HZ, dose.corner_hz)
    # Source time of each moment of the tape.
    source_s = np.cumsum(1 + wow) / WORK_HZ if dose.warped else t_s
    start, stop = (np.interp(moment, source_s, t_s, left=np.nan) for moment in (sent, sent + length))
    start = np.where(np.isnan(start), sent, start)
    stop = np.where(sent + length > source_s[-1], duration_s + 1, stop)
    key = keying(t_s, start, stop, dose.rise_s)
    number = np.clip(np.searchsorted(start, t_s) - 1, 0, count - 1)
    since = np.clip(t_s - start[number], 0, None)
    chirp = dose.chirp * np.interp(since, CHIRP_AT_S, CHIRP_HZ) * (t_s < stop[number] + dose.rise_s)
    middle_s = duration_s / 2
    sent_hz = dose.tone_hz + dose.drift_hz_s * (t_s - middle_s) + chirp + dose.residual_hz * (1 - key)
    hz = sent_hz * (1 + wow)
    residual = 10 ** (dose.residual_db / 20)
    level = residual + (1 - residual) * key
    swing_db = dose.swing_db / 2 * np.sin(2 * np.pi * t_s / dose.swing_s + random.uniform(0, 6))
    am_db = dose.am_db / 2 * np.sin(2 * np.pi * random.uniform(4, 14) * t_s + random.uniform(0, 6))
    level = level * 10 ** ((swing_db + am_db) / 20)
    tone = level * np.sin(2 * np.pi * np.cumsum(hz) / WORK_HZ)
    sigma = np.sqrt(WORK_HZ / 2 / 2 / NOISE_BANDWIDTH_HZ / 10 ** (dose.snr_db / 10))
    noise = signal.lfilter(*signal.butter(2, [250, 3300], "band", fs=WORK_HZ), sigma * random.standard_normal(frames))
    heard = tone + noise
    if dose.agc:
        heard = heard * _gain(level + 0.5 * sigma, attack_s=0.004, release_s=random.uniform(0.1, 0.5))
    usual = np.sqrt(np.mean(heard**2))
    for mains_hz, part in ((60, 1.0), (120, 0.6), (180, 0.4)):
        heard = heard + dose.hum * usual * part * np.sin(2 * np.pi * mains_hz * t_s + random.uniform(0, 6))
    heard = signal.resample_poly(heard, dose.rate_hz, WORK_HZ) if dose.rate_hz != WORK_HZ else heard
    top = np.quantile(np.abs(heard), 1 - dose.clipped) if dose.clipped else np.abs(heard).max()
    heard = np.clip(0.9 * heard / top, -0.9, 0.9)
    steps = 2 ** (dose.bits - 1)
    samples = (np.round(heard * (steps - 1)) / steps).astype(np.float32)
    seen = np.minimum(stop, duration_s) - np.maximum(start, 0) > 0.02
    turns = np.concatenate([[0.0], np.cumsum(hz) / WORK_HZ])
    grid = np.arange(frames + 1) / WORK_HZ
    low, high = np.clip(start[seen], 0, duration_s), np.clip(stop[seen], 0, duration_s)
    beep_hz = (np.interp(high, grid, turns) - np.interp(low, grid, turns)) / (high - low)
    return RealTape(
        samples=samples,
        rate_hz=dose.rate_hz,
        start_s=start[seen],
        stop_s=stop[seen],
        beep_tone_hz=beep_hz,
        pulse_s=dose.pulse_s,
        period_s=dose.period_s,
        tone_hz=dose.tone_hz + float(_mean_chirp(dose)),
        drift_hz_per_s=dose.drift_hz_s,
    )


def _mean_chirp(dose):
    since = np.linspace(0, dose.pulse_s, 400)
    return dose.chirp * np.mean(np.interp(since, CHIRP_AT_S, CHIRP_HZ))


def _gain(level, *, attack_s, release_s):
    """Gain (N,) that holds a level: quick to fall, slow to come back."""
    step = WORK_HZ // 1000
    coarse = level[::step]
    held, out = float(coarse[0]), np.empty(len(coarse))
    rise, fall = 1 - np.exp(-step / WORK_HZ / attack_s), 1 - np.exp(-step / WORK_HZ / release_s)
    for i, value in enumerate(coarse):
        held += (value - held) * (rise if value > held else fall)
        out[i] = held
    return 1 / np.interp(np.arange(len(level)), np.arange(len(out)) * step, out + 0.7)


def random_dose(seed):
    """One of any number of doses, from nearly clean to worse than what was found on real tapes."""
    random = np.random.default_rng([4, seed])
    pulse_s, period_s = [(0.193, 0.4468), (0.197, 0.439), (0.3, 0.6), (0.183, 0.7)][seed % 4]
    return Dose(
        pulse_s=pulse_s,
        period_s=period_s,
        rise_s=random.choice([0.003, 0.005, 0.012]),
        beeps=round(np.exp(random.uniform(np.log(5), np.log(60)))),
        tone_hz=random.uniform(900, 1900),
        drift_hz_s=random.uniform(-10, 10),
        flutter=random.choice([0.0, 0.002, 0.005, 0.01, 0.015, 0.02]),
        warped=bool(random.random() < 0.5),
        snr_db=random.uniform(10, 25),
        residual_db=random.uniform(-40, -10),
        residual_hz=random.uniform(-25, -5),
        chirp=random.choice([0.0, 0.5, 1.0]),
        swing_db=random.uniform(0, 12),
        swing_s=random.uniform(2.5, 10),
        am_db=random.uniform(0, 3),
        wander=random.choice([0.0, 0.005, 0.015]),
        length_sd_s=random.choice([0.0, 0.001, 0.003]),
        clipped=random.choice([0.0, 0.0, 0.01, 0.05]),
        agc=bool(random.random() < 0.6),
        hum=random.uniform(0, 0.4),
    )


def folklore_tape(seed):
    """Beeps as on the clip that is handed round: neither lengths nor clock are even. Wander 8 %, lengths 12 %."""
    settings = {"pulse_s": 0.183, "period_s": 0.733, "rise_s": 0.0175, "tone_hz": 1061.0, "drift_hz_s": 0.0}
    random = np.random.default_rng([6, seed])
    return real_tape(
        seed,
        Dose(
            **settings,
            wander=0.056,  # each of two key-downs: intervals scatter by 8 %
            length_sd_s=0.021,
            beeps=int(random.integers(6, 25)),
            flutter=0.001,
            chirp=0.0,
            snr_db=random.uniform(12, 30),
            residual_db=-33,
            am_db=2.5,
            swing_db=10,
            hum=0.1,
        ),
    )


def fading_tape(seed, *, depth_db=25.0, duration_s=60.0, snr_db=18.0):
    """Beeps of an exact clock and tone in slow deep fades: samples, rate, starts, stops, tone."""
    random = np.random.default_rng([8, seed])
    rate_hz = 11_025
    t_s = np.arange(int(duration_s * rate_hz)) / rate_hz
    period_s, pulse_s = 0.6, 0.3
    start = random.uniform(0, 0.6) + np.arange(-1, duration_s / period_s + 1) * period_s
    stop = start + pulse_s
    key = keying(t_s, start, stop, 0.005)
    fade_db = -depth_db / 2 * (1 + np.sin(2 * np.pi * t_s / random.uniform(8, 25) + random.uniform(0, 6)))
    tone_hz = random.uniform(900, 1900)
    sigma = np.sqrt(rate_hz / 2 / 2 / NOISE_BANDWIDTH_HZ / 10 ** (snr_db / 10))
    sound = 10 ** (fade_db / 20) * key * np.sin(2 * np.pi * tone_hz * t_s) + sigma * random.standard_normal(len(t_s))
    seen = np.minimum(stop, duration_s) - np.maximum(start, 0) > 0.02
    samples = (sound / np.abs(sound).max()).astype(np.float32)
    return RealTape(
        samples=samples,
        rate_hz=rate_hz,
        start_s=start[seen],
        stop_s=stop[seen],
        beep_tone_hz=np.full(int(seen.sum()), tone_hz),
        pulse_s=pulse_s,
        period_s=period_s,
        tone_hz=tone_hz,
        drift_hz_per_s=0.0,
    )


def plain_tape(seed, *, snr_db, beeps=40, rise_s=0.005, pulse_s=0.3, period_s=0.6):
    """Exact beeps in white noise."""
    dose = Dose(
        pulse_s=pulse_s, period_s=period_s, rise_s=rise_s, beeps=beeps, tone_hz=1200.0, drift_hz_s=0.0, flutter=0.0,
        snr_db=snr_db, residual_db=-100, residual_hz=0.0, chirp=0.0, swing_db=0.0, am_db=0.0, wander=0.0,
        length_sd_s=0.0, agc=False, hum=0.0, bits=16,
    )  # fmt: skip
    return real_tape(seed, dose)


VOICES = ("en-us", "en-gb", "de", "fr", "ru", "es", "it", "pl")
TEXT = {
    "de": "Hier ist der Deutschlandfunk mit den Nachrichten. Heute wurde der erste kuenstliche Satellit gestartet.",
    "ru": "Говорит Москва. Сегодня был запущен первый искусственный спутник Земли.",
}
USUAL_TEXT = "Until two days ago that sound had never been heard on this earth. Listen now for the sound that for ever"


def speech(number):
    """Speech of a synthetic voice, samples and rate; None where espeak-ng is not installed."""
    import io
    import shutil
    import subprocess

    import soundfile

    if shutil.which("espeak-ng") is None:
        return None
    voice = VOICES[number % len(VOICES)]
    random = np.random.default_rng([9, number])
    text = TEXT.get(voice, USUAL_TEXT)
    command = ["espeak-ng", "--stdout", "-v", voice, "-s", str(int(random.integers(110, 220)))]
    ran = subprocess.run([*command, "-p", str(int(random.integers(10, 90))), text], capture_output=True, check=True)
    data = bytearray(ran.stdout)  # a stream's header does not know its length
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    data[40:44] = (len(data) - 44).to_bytes(4, "little")
    samples, rate_hz = soundfile.read(io.BytesIO(bytes(data)))
    return samples + 0.003 * random.standard_normal(len(samples)), rate_hz


def morse_code(random, t_s, rate_hz):
    """Morse code at 12 to 30 words a minute, by machine or by hand; some of it dots only."""
    dot_s = 1.2 / random.uniform(12, 30)
    jitter = random.choice([0.0, 0.08, 0.15])
    text = random.choice(["paris ", "cq cq de w5sll k ", "sos ", "eish 5 hiss ", "vvv de tass ", "5555 5 ", "hihi se "])
    return 0.3 * morse(random, t_s, rate_hz, text=text, dot_s=dot_s, jitter=jitter)


def tremolo(random, t_s):
    """A held tone whose level swings, with an overtone."""
    depth, swing_hz = random.uniform(0.5, 1.0), random.uniform(1.0, 6.0)
    hz = random.uniform(250, 1500)
    swing = 1 + depth * np.sin(2 * np.pi * swing_hz * t_s)
    return 0.2 * swing * (np.sin(2 * np.pi * hz * t_s) + 0.3 * np.sin(4 * np.pi * hz * t_s))


def strings(random, t_s, rate_hz):
    """One note struck again and again in time, dying away."""
    every_s, hz, decay_s = random.uniform(0.3, 0.9), random.uniform(200, 1200), random.uniform(0.06, 0.5)
    out = np.zeros(len(t_s))
    for at in np.arange(0.1, t_s[-1] - every_s, every_s):
        begin = int(at * rate_hz)
        local = np.arange(min(int(every_s * rate_hz), len(t_s) - begin)) / rate_hz
        sound = sum(np.sin(2 * np.pi * hz * k * local) * np.exp(-local * k / decay_s) / k for k in (1, 2, 3))
        out[begin : begin + len(local)] += 0.3 * np.minimum(local / 0.004, 1) * sound
    return out


def beepless_tape(number):
    """One of any number of recordings without beeps, taped with 1 % flutter: its kind, samples, rate in Hz."""
    random = np.random.default_rng([10, number])
    rate_hz = 11_025
    t_s = np.arange(int(rate_hz * random.uniform(8, 16))) / rate_hz
    kinds = ("speech", "Morse", "tremolo", "strings", "others")
    kind = kinds[number % len(kinds)]
    if kind == "speech":
        made = speech(number // len(kinds))
        samples, rate_hz = made if made is not None else (0.1 * random.standard_normal(len(t_s)), rate_hz)
    elif kind == "others":
        kind = KINDS[number // len(kinds) % len(KINDS)]
        samples, rate_hz = beepless(kind, number // len(kinds))
    else:
        samples = {
            "Morse": lambda: morse_code(random, t_s, rate_hz),
            "tremolo": lambda: tremolo(random, t_s),
            "strings": lambda: strings(random, t_s, rate_hz),
        }[kind]()
        samples = samples + 10 ** random.uniform(-4, -2) * random.standard_normal(len(t_s))
    samples = flutter_of(random, np.asarray(samples, np.float64), rate_hz, 0.01)
    return kind, np.clip(samples, -1, 1).astype(np.float32), rate_hz
