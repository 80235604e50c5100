"""The stream against direct evaluation, and equal bytes however it is cut."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve, firwin

from beep.base.errors import ScenarioError
from beep.base.random import white_noise
from beep.radio.channel import relative_amplitude
from beep.scenario.scenario import Scenario
from beep.signal.pulses import JITTER_MOST, JITTER_STREAM
from beep.stream.course import GROUP
from beep.stream.plan import REACH, make_plan
from beep.stream.tiles import Reader, blocks, render

DIRECT_TOLERANCE = 2e-5  # of full scale: side lobes of filter and keying that fold at the lower internal rate;
# measured 8.4e-6 over a pass at 48 kHz
LOW_RATE_TOLERANCE = 5e-5  # the same where the tone of 40 MHz is near half the rate; over a pass 4.8e-5 at 8 kHz,
# 2.4e-5 at 11 kHz
STEP_TOLERANCE = 4e-6  # of full scale, from sample to sample of the error; measured 2.1e-6, at edges and elsewhere
SEED_TOLERANCE = 1e-6  # of full scale: rounding of an FFT block in which another pulse ends elsewhere
CORRELATION = 5.0  # standard deviations; the seeds are fixed

DIRECT_RATE_HZ = 88_000  # at which, or above which, the truth is evaluated
WINDOW_S = 0.7  # longer than a pulse and a pause


def late_s(scenario, number):
    """Delay of a pulse's end by jitter, s."""
    drawn = float(white_noise(scenario.seed, JITTER_STREAM, number, 1)[0])
    return scenario.jitter_s * min(max(drawn, -JITTER_MOST), JITTER_MOST)


def direct(plan, start, stop):
    """Samples of a plan without noise, by definition in float64: every pulse, every phase, one long filter.

    Evaluated at a multiple of the output rate, filtered there by SciPy's window design of the same length in seconds,
    then thinned out.
    """
    scenario, reception = plan.scenario, plan.reception
    times = -(-DIRECT_RATE_HZ // scenario.sample_rate_hz)
    rate_hz = scenario.sample_rate_hz * times
    half = REACH * plan.scale * plan.up * times
    t_s = np.arange(start * times - half, (stop - 1) * times + 1 + half) / rate_hz
    seen = reception.look(t_s)

    sent_s = t_s - seen.delay_s
    period_s = scenario.pulse_s + scenario.pause_s
    key = np.zeros(t_s.size)
    for number in range(int(sent_s[0] // period_s) - 1, int(sent_s[-1] // period_s) + 2):
        since_s = sent_s - number * period_s
        for edge_s, sign in ((0.0, 1), (scenario.pulse_s + late_s(scenario, number), -1)):
            position = np.clip((since_s - edge_s) / scenario.rise_s + 0.5, 0, 1)
            key += sign * (1 - np.cos(np.pi * position)) / 2

    gain = relative_amplitude(seen.range_m, np.sin(seen.elevation_rad), closest_m=reception.closest_m)
    band = {"cutoff": scenario.high_hz, "pass_zero": True}
    if scenario.low_hz > 0:
        band = {"cutoff": [scenario.low_hz, scenario.high_hz], "pass_zero": False}
    taps = firwin(2 * half + 1, window=("kaiser", 0.1102 * (80 - 8.7)), fs=rate_hz, **band)
    channels = []
    for carrier in scenario.heard:
        on = {"pulse": key, "pause": 1 - key, "always": np.ones_like(key)}[carrier.sends]
        sign = {"upper": 1, "lower": -1}[scenario.sideband]
        centre_hz = scenario.tone_hz * carrier.frequency_mhz / scenario.carriers[0].frequency_mhz
        turns = centre_hz * t_s - sign * carrier.frequency_mhz * 1e6 * seen.delay_s
        sound = 10 ** (scenario.level_dbfs / 20) * gain * on * np.cos(2 * np.pi * (turns % 1))
        channels.append(fftconvolve(sound, taps, "valid")[::times])
    return np.sum(channels, axis=0)[:, None] if scenario.mix == "mono" else np.stack(channels, axis=1)


ISS = {
    "station": "52.2,0.1,20",
    "start": "2018-07-04T06:00Z",
    "tle": "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993\n"
    "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106",
}
DIRECT = {
    "default": {},
    "44.1 kHz": {"sample_rate_hz": 44_100},
    "odd rate": {"sample_rate_hz": 44_101},
    "22.05 kHz": {"sample_rate_hz": 22_050},
    "11.025 kHz": {"sample_rate_hz": 11_025},
    "8 kHz": {"sample_rate_hz": 8000},
    "96 kHz, high tone": {"sample_rate_hz": 96_000, "high_hz": 20_000, "tone_hz": 15_000},
    "192 kHz": {"sample_rate_hz": 192_000},
    "shortest edges": {"rise_s": 0.0005},
    "wide": {"high_hz": 8000},
    "narrow": {"low_hz": 1400, "high_hz": 1600},
    "low-pass": {"low_hz": 0},
    "low and soft": {"low_hz": 0, "high_hz": 500, "tone_hz": 250, "rise_s": 0.1},
    "jitter": {"jitter_s": 0.01},
    "short pulses": {"pulse_s": 0.02, "pause_s": 0.5, "rise_s": 0.02},
    "pulses of a minute": {"pulse_s": 60, "pause_s": 60},
    "mono": {"mix": "mono"},
    "20 MHz": {"mix": "20"},
    "40 MHz, lower sideband": {"mix": "40", "sideband": "lower"},
    "lower sideband": {"sideband": "lower"},
    "steepest": {"altitude_km": 100, "max_elevation_deg": 90},
    "low, soft and steepest": {
        "altitude_km": 100,
        "max_elevation_deg": 90,
        "low_hz": 0,
        "high_hz": 200,
        "tone_hz": 100,
        "rise_s": 0.1,
    },
    "still": {"still": True, "duration_s": 600},
    "Sputnik over Dallas": {"station": "dallas", "start": "1957-10-07T05:00Z"},
    "never pauses": {"carriers": "20.005:1:always"},
    "the ISS at 145.8 MHz": {**ISS, "carriers": "145.8:1:always", "tone_hz": 4000, "high_hz": 7900},
    "the ISS at 1296 MHz": {
        **ISS,
        "carriers": "1296:1:always",
        "tone_hz": 34_000,
        "high_hz": 70_000,
        "sample_rate_hz": 192_000,
    },
}


@pytest.mark.parametrize("name", DIRECT)
def test_stream_is_the_direct_evaluation(name):
    """At AOS, TCA, the edges of tiles and of groups, before the first sample and after the last one."""
    plan = make_plan(Scenario(noise="off", level_dbfs=0, **DIRECT[name]))
    rate_hz, size = plan.scenario.sample_rate_hz, plan.tile_frames
    closest = round(plan.reception.tca_s * rate_hz)
    width = round(WINDOW_S * rate_hz)
    middles = {
        "rising": 15 * rate_hz,
        "closest": closest,
        "a tile's edge": closest // size * size,
        "a group's edge": closest // (size * GROUP) * size * GROUP,
        "the first sample": 0,
        "the last sample": plan.frames,
    }
    for where, middle in middles.items():
        start, stop = middle - width // 2, middle + width // 2
        error = np.abs(render(plan, start=start, stop=stop) - direct(plan, start, stop)).max()

        assert error < (LOW_RATE_TOLERANCE if rate_hz < 12_000 else DIRECT_TOLERANCE), where


@pytest.mark.parametrize(
    "fields", [{}, {"altitude_km": 100, "max_elevation_deg": 90}, {"sample_rate_hz": 96_000}], ids=str
)
def test_tiles_join_without_a_step(fields):
    """The error has no step from the last sample of a tile to the first of the next: nothing clicks."""
    plan = make_plan(Scenario(noise="off", level_dbfs=0, carriers="40.002:1:always", **fields))
    size = plan.tile_frames
    middle = round(plan.reception.tca_s * plan.scenario.sample_rate_hz / size)
    edges = [*range(middle - 5, middle + 6), middle // GROUP * GROUP]
    errors = [
        render(plan, start=edge * size - 20, stop=edge * size + 20) - direct(plan, edge * size - 20, edge * size + 20)
        for edge in edges
    ]

    assert np.abs(np.diff(errors, axis=1)).max() < STEP_TOLERANCE


def most_jitter_s():
    """The largest jitter that a scenario with the default pulses may have."""
    allowed_s, refused_s = 0.0, 0.3
    for _ in range(40):
        middle_s = (allowed_s + refused_s) / 2
        try:
            Scenario(jitter_s=middle_s)
        except ScenarioError:
            refused_s = middle_s
        else:
            allowed_s = middle_s
    return allowed_s


@pytest.mark.parametrize("extreme", [max, min])
def test_largest_jitter_cuts_no_pulse(extreme):
    """With the largest jitter allowed, the latest and the earliest end of a pulse are whole edges."""
    jitter_s = most_jitter_s()
    plan = make_plan(Scenario(noise="off", level_dbfs=0, still=True, duration_s=600, jitter_s=jitter_s))
    number = extreme(range(1, 990), key=lambda one: late_s(plan.scenario, one))
    start = round(number * 0.6 * 48_000)
    error = np.abs(render(plan, start=start, stop=start + 33_600) - direct(plan, start, start + 33_600)).max()

    assert jitter_s > 0.01
    assert abs(late_s(plan.scenario, number)) > 0.9 * JITTER_MOST * jitter_s
    assert error < DIRECT_TOLERANCE


# --- every cut gives the same samples -----------------------------------------------------------------------------

EVERYTHING = {  # every effect at once
    "keying": "3:0.2:0.4,8:continuous,11:silent,13:keyed",
    "jitter_s": 0.005,
    "carrier_offset_hz": 40.0,
    "carrier_drift_hz_s": 0.3,
    "station": "banbury",
    "start": "1957-10-13T05:20Z",
    "ionosphere": "morning",
    "spin_rpm": 7.0,
    "noise": "city",
    "snr_db": 12.0,
    "filter_shape": "round",
    "receiver_drift_hz_s": -0.2,
    "agc": True,
    "agc_release_s": 1.2,
    "saturation_dbfs": -3.0,
    "hum_hz": 60.0,
    "wow_percent": 0.3,
    "clock_jitter_s": 0.01,
    "click_db": 3.0,
    "chirp_hz": 40.0,
    "chirp_end_hz": 15.0,
    "am_percent": 5.0,
    "backwave_db": -15.0,
    "backwave_offset_hz": -20.0,
    "saturation_asymmetry": 0.1,
    "flutter_percent": 1.0,
}
CUT = [
    {"sample_rate_hz": 8000, "jitter_s": 0.01, "noise": "rural", "duration_s": 60},
    {"sample_rate_hz": 44_100, "jitter_s": 0.01, "noise": "city", "mix": "mono", "duration_s": 5},
    EVERYTHING | {"sample_rate_hz": 8000, "duration_s": 30},
    EVERYTHING | {"sample_rate_hz": 8000, "duration_s": 30, "detector": "am", "low_hz": 100},
    EVERYTHING | {"sample_rate_hz": 44_100, "duration_s": 5, "mix": "mono", "agc_release_s": 0.1},
    EVERYTHING | {"sample_rate_hz": 44_100, "duration_s": 5, "high_hz": 4400, "agc": False},  # clipped at that rate
]


@cache
def cut(number):
    """A plan, the number of the first sample, and samples from four tiles before to three after, tile by tile."""
    plan = make_plan(Scenario(**CUT[number]))
    size = plan.tile_frames
    first, last = -4, plan.frames // size + 4
    tiles = [render(plan, start=one * size, stop=(one + 1) * size) for one in range(first, last)]
    return plan, first * size, np.concatenate(tiles)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("number", range(len(CUT)))
def test_any_window_is_a_slice_of_the_whole(number, data):
    """Any window, also before the first sample and past the last, holds the same bytes as the whole."""
    plan, first, whole = cut(number)
    start = data.draw(st.integers(first, first + len(whole)), label="start")
    count = data.draw(st.one_of(st.integers(0, 20), st.integers(0, 3 * plan.tile_frames)), label="count")
    stop = min(start + count, first + len(whole))

    assert render(plan, start=start, stop=stop).tobytes() == whole[start - first : stop - first].tobytes()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("number", range(len(CUT)))
def test_any_blocks_make_the_same_stream(number, data):
    """Blocks join to the same bytes; none is empty or longer than a tile."""
    plan, first, whole = cut(number)
    start = data.draw(st.integers(first, first + len(whole) - 1), label="start")
    stop = min(start + data.draw(st.integers(1, 2 * plan.tile_frames), label="count"), first + len(whole))
    parts = list(blocks(plan, start=start, stop=stop))

    assert all(0 < len(part) <= plan.tile_frames for part in parts)
    assert np.concatenate(parts).tobytes() == whole[start - first : stop - first].tobytes()


@settings(max_examples=20, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("number", range(len(CUT)))
def test_reader_reads_anywhere(number, data):
    """One reader, read forward and back, gives the same bytes as the whole each time."""
    plan, first, whole = cut(number)
    reader = Reader(plan)
    for _ in range(4):
        at = data.draw(st.integers(0, len(whole) - 1), label="at")
        frames = data.draw(st.integers(0, min(len(whole) - at, 2 * plan.tile_frames)), label="frames")

        assert reader.read(first + at, frames).tobytes() == whole[at : at + frames].tobytes()


@pytest.mark.parametrize("number", range(len(CUT)))
def test_default_blocks_are_the_whole_recording(number):
    """Without size and ends the blocks are the recording, from sample 0 to its end."""
    plan, first, whole = cut(number)
    joined = np.concatenate(list(blocks(plan)))

    assert joined.shape == (plan.frames, plan.scenario.channels)
    assert joined.dtype == np.float32
    assert joined.tobytes() == whole[-first : plan.frames - first].tobytes()


@pytest.mark.parametrize("ends", [(0, 0), (5, 5), (7, 3), (-5, -5), (10**9, 0)])
def test_an_empty_window_has_no_samples(ends):
    """A window that ends at or before its start has no samples, but its channels."""
    plan, _, _ = cut(0)

    assert render(plan, start=ends[0], stop=ends[1]).shape == (0, 2)
    assert list(blocks(plan, start=ends[0], stop=ends[1])) == []


@pytest.mark.parametrize("at", [-1, 0, 1, 24_575, 24_576, 393_215, 393_216])
def test_one_sample_is_that_sample(at):
    """A window of one sample, also at the edge of a tile and of a group of tiles."""
    plan, first, whole = cut(0)

    assert plan.tile_frames * GROUP == 393_216
    assert render(plan, start=at, stop=at + 1).tobytes() == whole[at - first : at - first + 1].tobytes()


# --- what the seed decides ----------------------------------------------------------------------------------------


def seeded(seed, **fields):
    """Four seconds of a satellite at rest, at 8 kHz."""
    return render(Scenario(still=True, duration_s=4, sample_rate_hz=8000, seed=seed, **fields))


def test_the_same_scenario_gives_the_same_bytes():
    """Two plans of one scenario, and the scenario itself, are the same stream."""
    scenario = Scenario(duration_s=4, jitter_s=0.01)

    assert render(make_plan(scenario)).tobytes() == render(make_plan(scenario)).tobytes() == render(scenario).tobytes()


def test_another_seed_changes_the_noise_and_nothing_else():
    """The noises of two seeds do not correlate; without noise the seed has no effect."""
    clean = seeded(1, noise="off")
    noises = [(seeded(seed, noise="rural") - clean).astype(float).T for seed in (1, 2)]
    values = np.corrcoef(np.concatenate([*noises, clean.T.astype(float)]))
    independent = 4 * 2 * 2700 * 0.5  # seconds x twice the bandwidth; a half to spare for the filter's slopes

    assert clean.tobytes() == seeded(2, noise="off").tobytes()
    assert np.abs(values[:4][~np.eye(4, 6, dtype=bool)]).max() < CORRELATION / np.sqrt(independent)


def test_another_seed_moves_only_the_ends_of_pulses():
    """With jitter and no noise, two seeds agree from the start of a pulse on, and differ at its end."""
    one, two = (seeded(seed, noise="off", jitter_s=0.01, mix="20") for seed in (1, 2))
    plan = make_plan(Scenario(still=True, duration_s=4, sample_rate_hz=8000))
    delay_s = plan.reception.look(np.zeros(1)).delay_s[0]
    since_s = (np.arange(len(one)) / 8000 - delay_s + 0.05) % 0.6 - 0.05
    agreed = np.abs(since_s - 0.1) < 0.1
    difference = np.abs(one - two)[:, 0]

    assert difference[agreed].max() < SEED_TOLERANCE
    assert difference[~agreed].max() > 0.1
