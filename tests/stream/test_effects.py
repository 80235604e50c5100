"""Effects measured in rendered sound: noise, oscillators, regimes, detector, AGC, hum and tape."""

from dataclasses import replace
from math import log10

import numpy as np
import pytest
from estimator import tone_hz
from scipy.signal import fftconvolve, firwin
from scipy.stats import kurtosis

from beep.scenario.scenario import Scenario
from beep.signal.pulses import key, pulses
from beep.stream.plan import REACH, make_plan
from beep.stream.reception import peak_snr_db
from beep.stream.tiles import render
from beep.stream.track import track

STILL = {"still": True, "altitude_km": 500, "max_elevation_deg": 90, "carriers": "20.005:1:always,40.002:1:always"}
BOTH = "20.005:1:always,40.002:1:pause"  # of which a key that stays down leaves the first
DISTANCE_M = 500e3  # of a satellite at rest overhead
SNR_TOLERANCE_DB = 0.2  # two minutes of noise in 500 Hz have a spread of 0.02 dB
LEVEL_TOLERANCE_DB = 0.05
ENVELOPE_TOLERANCE = 1e-4  # of full scale; measured 4.5e-5
STEADY = 0.02  # of the carrier: what the filter's lower slope leaves of nought, 34 dB down
FOLDED_DB = -75.0  # measured -92 and less where the thinning filter is flat
TONE_TOLERANCE_HZ = 1e-3  # light time and Doppler of the oscillator's own error move it by up to 1 Hz
SIGMAS = 5.0  # the seeds are fixed

# ITU-R P.372-16, table 1: c and d of Fa = c - d log10(f/MHz); galactic noise is everywhere
P372 = {
    "galactic": [],
    "quiet-rural": [(53.6, 28.6)],
    "rural": [(67.2, 27.7)],
    "residential": [(72.5, 27.7)],
    "city": [(76.8, 27.7)],
}


def in_band(samples, low_hz, high_hz, rate_hz):
    """Power of each channel between two frequencies."""
    power = np.abs(np.fft.rfft(samples.astype(float), axis=0)) ** 2 * 2 / len(samples) ** 2
    frequency_hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    return power[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum(axis=0)


def noise_and_tones(**fields):
    """Noise alone and tones alone, two minutes at 8 kHz, of a satellite at rest overhead."""
    scenario = Scenario(**(STILL | {"sample_rate_hz": 8000} | fields), duration_s=120)
    tones = render(replace(scenario, noise="off", snr_db=None))
    return render(scenario) - tones, tones


# --- noise --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", P372)
def test_noise_of_a_place_in_the_sound(place):
    """Carrier over noise in 500 Hz of the rendered sound is the link budget by hand, on both carriers."""
    noise, tones = noise_and_tones(noise=place)
    measured_db = 10 * np.log10(in_band(tones, 300, 3000, 8000) / in_band(noise, 1250, 1750, 8000))
    for megahertz, one_db in zip((20.005, 40.002), measured_db, strict=True):
        figure = sum(10 ** ((c - d * log10(megahertz)) / 10) for c, d in [(52, 23), *P372[place]])
        noise_dbw = 10 * log10(1.380649e-23 * 290 * figure * 500)
        loss_db = 20 * log10(4 * np.pi * DISTANCE_M * megahertz * 1e6 / 299_792_458)

        assert abs(one_db - (2.15 - 3.0 - loss_db - noise_dbw)) < SNR_TOLERANCE_DB


@pytest.mark.parametrize(("snr_db", "bandwidth_hz"), [(6.0, 500.0), (20.0, 2000.0), (-10.0, 100.0), (0.0, 1.0)])
@pytest.mark.parametrize("fields", [{}, {"filter_shape": "round"}, {"noise": "city", "carriers": "20.005:99:always"}])
def test_snr_asked_is_snr_measured(snr_db, bandwidth_hz, fields):
    """With snr_db, each carrier has that SNR in snr_bandwidth_hz, whatever its power and the place."""
    noise, tones = noise_and_tones(snr_db=snr_db, snr_bandwidth_hz=bandwidth_hz, level_dbfs=-20.0, **fields)
    around_hz = (1000.0, 2000.0)[: tones.shape[1]]  # of each carrier's tone: a round filter is not flat
    density = np.array([in_band(noise, hz - 100, hz + 100, 8000)[n] / 200 for n, hz in enumerate(around_hz)])
    measured_db = 10 * np.log10(in_band(tones, 300, 3000, 8000) / (density * bandwidth_hz))

    assert np.abs(measured_db - snr_db).max() < SNR_TOLERANCE_DB


def test_snr_asked_is_that_of_the_mixture():
    """In mono the noise of both receivers together is what was asked for."""
    noise, tones = noise_and_tones(snr_db=9.0, mix="mono", level_dbfs=-20.0, keying="-10:continuous", carriers=BOTH)
    measured_db = 10 * np.log10(in_band(tones, 300, 3000, 8000) / in_band(noise, 1250, 1750, 8000))

    assert abs(measured_db[0] - 9.0) < SNR_TOLERANCE_DB


def test_peak_snr_includes_the_daytime_edge():
    """Through a layer that almost reflects 20 MHz, peak_snr_db is the SNR measured in the recording."""
    fields = {"ionosphere": "noon", "fof2_mhz": 19.5, "faraday": False, "max_elevation_deg": 60, "sample_rate_hz": 8000}
    scenario = Scenario(**(STILL | fields), duration_s=120)
    reception = make_plan(scenario).reception
    noise, tones = noise_and_tones(**fields)
    measured_db = 10 * np.log10(in_band(tones, 300, 3000, 8000) / (in_band(noise, 1250, 1750, 8000) * 2700 / 500))
    stated_db = [peak_snr_db(reception, carrier) for carrier in scenario.heard]

    assert measured_db[0] < measured_db[1] - 10
    assert np.abs(measured_db - stated_db).max() < SNR_TOLERANCE_DB


def test_noise_behind_the_filter_is_white_and_normal():
    """In the filter's flat part every 50 Hz hold the same power, and the samples are normal."""
    noise, _ = noise_and_tones()
    edges_hz = np.arange(450, 2851, 50)
    each = np.array([in_band(noise, low_hz, low_hz + 50, 8000) for low_hz in edges_hz])
    spread = 1 / np.sqrt(50 * 120)  # of the power in 50 Hz over two minutes
    independent = 2 * 2700 * 120  # samples
    excess = kurtosis(noise.astype(float), axis=0)

    assert np.abs(each / each.mean(axis=0) - 1).max() < SIGMAS * spread
    assert np.abs(excess).max() < SIGMAS * np.sqrt(24 / independent)


def test_noises_do_not_correlate():
    """The noises of both carriers and of two seeds do not correlate at any lag up to 1 s."""
    rows = [*noise_and_tones(seed=1)[0].T, *noise_and_tones(seed=2)[0].T]
    spectra = [np.fft.rfft((row / np.std(row)).astype(float), 2 * len(row)) for row in rows]
    independent = 2 * 2700 * 120
    for one in range(4):
        for other in range(one):
            measured = np.fft.irfft(spectra[one] * np.conj(spectra[other])) / len(rows[0])

            assert np.abs(measured[:8000]).max() < SIGMAS * np.sqrt(1 / independent) * 1.2


# --- oscillators --------------------------------------------------------------------------------------------------


def frequency_hz(samples, rate_hz):
    """Frequency of a steady tone: the largest of a long, finely interpolated spectrum."""
    size = 1 << 20
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    return np.argmax(power) * rate_hz / size


@pytest.mark.parametrize("sideband", ["upper", "lower"])
def test_oscillators_move_the_tone(sideband):
    """Offset and drift of the carriers move the tone one way, drift of the receiver the other."""
    sign = {"upper": 1, "lower": -1}[sideband]
    drifts = {"carrier_offset_hz": 200.0, "carrier_drift_hz_s": 0.5, "receiver_drift_hz_s": 2.0}
    plan = make_plan(Scenario(**STILL, noise="off", sideband=sideband, duration_s=100, **drifts))
    for middle_s in (10, 50, 90):
        start = round((middle_s - 0.25) * 48_000)
        measured_hz = frequency_hz(render(plan, start=start, stop=start + 24_000)[:, 0], 48_000)

        assert abs(measured_hz - 1000 - sign * (200 + (0.5 - 2.0) * middle_s)) < 0.1


@pytest.mark.parametrize("sideband", ["upper", "lower"])
def test_largest_oscillator_errors(sideband):
    """With the largest errors allowed, the tone is that of the track, light time and Doppler included."""
    scenario = Scenario(
        noise="off",
        sideband=sideband,
        carriers="20.005:1:always",
        carrier_offset_hz=-5000.0,
        carrier_drift_hz_s=100.0,
        receiver_drift_hz_s=95.0,
        tone_hz=9000.0,
        high_hz=20_000.0,
        duration_s=60,
        tca_s=250,
        ionosphere="noon",
        faraday=False,
    )
    for middle_s in (10.0, 30.0, 50.0):
        start = round((middle_s - 0.1) * 48_000)
        measured_hz = tone_hz(render(scenario, start=start, stop=start + 9600)[:, 0].astype(float), 48_000)
        stated_hz = track(scenario, [(start + 9599 / 2) / 48_000])["tone_20_hz"][0]

        assert abs(measured_hz - stated_hz) < TONE_TOLERANCE_HZ


# --- regimes ------------------------------------------------------------------------------------------------------


def test_regimes_sound_when_they_are_listed():
    """Each carrier sounds one light time after the listed emission times, and not between them."""
    regimes = "2:0.2:0.4,5:continuous,6.3:keyed,8:silent,9:keyed"
    fields = {"still": True, "noise": "off", "duration_s": 12, "sample_rate_hz": 8000, "level_dbfs": 0}
    plan = make_plan(Scenario(**fields, keying=regimes, low_hz=200, tone_hz=750))
    sound = np.abs(render(plan)).astype(float)
    delay_s = plan.reception.look(np.zeros(1)).delay_s[0]
    t_s = np.arange(len(sound)) / 8000
    for column, sends in enumerate(("pulse", "pause")):
        starts, ends = pulses(plan.key, start_s=-1.0, stop_s=13.0, sends=sends)
        inside = np.zeros(t_s.shape, bool)
        near = np.zeros(t_s.shape, bool)
        for start_s, end_s in zip(starts + delay_s, ends + delay_s, strict=True):
            inside |= (t_s > start_s) & (t_s < end_s)
            near |= (np.abs(t_s - start_s) < 0.02) | (np.abs(t_s - end_s) < 0.02)
        loudest = np.lib.stride_tricks.sliding_window_view(np.pad(sound[:, column], 8), 17).max(axis=1)

        assert near.mean() < 0.2
        assert loudest[inside & ~near].min() > 0.9
        assert loudest[~inside & ~near].max() < 0.02


def test_later_regimes_change_nothing():
    """Samples before the time of a regime are the same to the bit."""
    plain = render(Scenario(duration_s=6))

    assert render(Scenario(duration_s=6, keying="100:silent")).tobytes() == plain.tobytes()


# --- envelope detector --------------------------------------------------------------------------------------------


def envelope(plan, start, stop):
    """Output of an envelope detector without noise, by definition in float64: two long filters and a modulus."""
    scenario, times = plan.scenario, 2
    rate_hz = scenario.sample_rate_hz * times
    half = REACH * plan.scale * plan.up * times
    t_s = np.arange(start * times - 2 * half, (stop - 1) * times + 1 + 2 * half) / rate_hz
    seen = plan.reception.look(t_s)
    down, _ = key(t_s - seen.delay_s, plan.key)
    strength = 10 ** (scenario.level_dbfs / 20) * plan.reception.closest_m / seen.range_m * down
    carrier = strength * np.exp(-2j * np.pi * ((scenario.heard[0].frequency_mhz * 1e6 * seen.delay_s) % 1))
    window = {"window": ("kaiser", 0.1102 * (80 - 8.7)), "fs": rate_hz}
    before = firwin(2 * half + 1, scenario.high_hz, **window)
    behind = firwin(2 * half + 1, [scenario.low_hz, scenario.high_hz], pass_zero=False, **window)
    return fftconvolve(np.abs(fftconvolve(carrier, before, "valid")), behind, "valid")[::times]


@pytest.mark.parametrize("sample_rate_hz", [8000, 44_100, 48_000])
def test_envelope_detector_gives_key_clicks(sample_rate_hz):
    """Without a beat oscillator only the edges of the keying are audible, as in direct evaluation."""
    plan = make_plan(
        Scenario(detector="am", low_hz=100, noise="off", mix="20", level_dbfs=0, sample_rate_hz=sample_rate_hz)
    )
    middle = round(plan.reception.tca_s * sample_rate_hz)
    start, stop = middle - sample_rate_hz, middle + sample_rate_hz
    measured = render(plan, start=start, stop=stop)[:, 0]
    expected = envelope(plan, start, stop)

    assert np.abs(expected).max() > 0.05
    assert np.abs(measured - expected).max() < ENVELOPE_TOLERANCE


@pytest.mark.parametrize("shape", ["flat", "round"])
def test_envelope_detector_silences_a_steady_carrier(shape):
    """Of a constant envelope next to nothing passes the audio filter."""
    scenario = Scenario(detector="am", low_hz=100, noise="off", filter_shape=shape, **STILL, duration_s=3)

    assert np.abs(render(scenario)).max() < STEADY * 10 ** (scenario.level_dbfs / 20)


def test_envelope_of_noise():
    """Envelope noise, with and without a carrier, has the power of NumPy's noise through SciPy's filters."""
    fields = {"detector": "am", "mix": "20", "duration_s": 60, "sample_rate_hz": 8000, "snr_db": 10.0}
    fields |= {"snr_bandwidth_hz": 6000.0, "still": True, "level_dbfs": -20.0}
    random = np.random.default_rng(7)
    white = random.normal(size=(2, 60 * 8000))
    before, behind = firwin(801, 3000, fs=8000), firwin(801, [300, 3000], pass_zero=False, fs=8000)
    amplitude = 0.1
    # SNR in the 6 kHz on both sides of the carrier: (A^2 / 2) / (N0 6000), each phase having N0 8000 of noise
    sigma = np.sqrt(amplitude**2 / 2 / 10 / 6000 * 8000)
    phases = [fftconvolve(sigma * one, before, "valid") for one in white]
    for sends, strength in (("always", amplitude), ("pulse", 0.0)):
        keying = "" if sends == "always" else "-10:silent"
        measured = render(Scenario(**fields, carriers=f"20.005:1:{sends}", keying=keying or "none"))[8000:-8000, 0]
        expected = fftconvolve(np.hypot(strength + phases[0], phases[1]), behind, "valid")
        ratio_db = 20 * np.log10(np.std(measured) / np.std(expected))

        assert abs(ratio_db) < 0.1


def test_am_with_agc_quietens_the_noise():
    """A carrier reduces the AGC gain and with it the noise, which is audible without a beat oscillator."""
    plan = Scenario(
        detector="am",
        mix="20",
        duration_s=30,
        sample_rate_hz=8000,
        agc=True,
        agc_release_s=0.1,
        snr_db=30.0,
        snr_bandwidth_hz=6000.0,
        still=True,
        keying="10:continuous,20:silent",
    )
    samples = render(plan)
    with_carrier, without = (np.std(samples[first * 8000 : (first + 8) * 8000]) for first in (11, 21))

    assert with_carrier < without / 5


# --- AGC ----------------------------------------------------------------------------------------------------------


def test_agc_holds_the_level():
    """With AGC the tone has level_dbfs at AOS, TCA and LOS; without it it is 13 dB weaker at the ends."""
    fields = {"noise": "off", "mix": "20", "carriers": "20.005:1:always", "level_dbfs": -10.0}
    for agc, expected_db in ((True, 0.0), (False, -12.5)):
        plan = make_plan(Scenario(**fields, agc=agc))
        start = 30 * 48_000
        rms = np.std(render(plan, start=start, stop=start + 48_000))

        assert abs(20 * log10(rms * np.sqrt(2)) + 10 - expected_db) < (0.2 if agc else 1.0)


def test_noise_swells_in_the_gaps():
    """In the pause the noise grows with the release time, until the next pulse reduces the gain."""
    fields = {"mix": "20", "still": True, "duration_s": 120, "sample_rate_hz": 8000, "pulse_s": 0.5, "pause_s": 1.0}
    plan = make_plan(Scenario(**fields, agc=True, agc_release_s=0.5, level_dbfs=-20.0, rise_s=0.01))
    samples = render(plan)[:, 0].astype(float)
    delay_s = plan.reception.look(np.zeros(1)).delay_s[0]
    after_s = (np.arange(len(samples)) / 8000 - delay_s) % 1.5 - 0.5  # since the pulse ended
    rms = [np.sqrt(np.mean(samples[np.abs(after_s - middle_s) < 0.05] ** 2)) for middle_s in (0.15, 0.55, 0.9)]

    assert rms[1] / rms[0] == pytest.approx(np.exp(0.4 / 0.5), rel=0.05)
    assert rms[2] / rms[1] == pytest.approx(np.exp(0.35 / 0.5), rel=0.05)


# --- audio stage and tape -----------------------------------------------------------------------------------------


def test_hum_in_the_sound():
    """Mains hum and its harmonics have their levels in both channels, also below the filter's edge."""
    samples = render(Scenario(duration_s=10, noise="off", altitude_km=500, tca_s=-5000, hum_hz=60.0, hum_dbfs=-30.0))
    for harmonic_hz, level_db in ((60, -30), (120, -36), (180, -42), (240, -54)):
        power = in_band(samples, harmonic_hz - 5, harmonic_hz + 5, 48_000)

        assert np.abs(10 * np.log10(2 * power) - level_db).max() < LEVEL_TOLERANCE_DB


def test_saturation_keeps_the_sound_below_its_limit():
    """No sample exceeds the limit, and samples far below it hardly change."""
    scenario = Scenario(duration_s=5, still=True, level_dbfs=0.0)
    loud = render(replace(scenario, saturation_dbfs=-6.0))

    assert np.abs(loud).max() < 10 ** (-6 / 20)
    quiet = replace(scenario, level_dbfs=-40)
    assert np.abs(render(replace(quiet, saturation_dbfs=0.0)) - render(quiet)).max() < 1e-5


@pytest.mark.parametrize("fields", [{}, {"detector": "am", "hum_hz": 700.0, "hum_dbfs": -6.0}], ids=["cw", "am"])
@pytest.mark.parametrize("sample_rate_hz", [8000, 11_025, 16_000])
def test_clipping_does_not_alias(sample_rate_hz, fields):
    """At a low sample rate the spectrum holds the tone and its harmonics below half the rate, and no aliases.

    Clipped at that rate, the third harmonic of 2300 Hz would be at 1100 Hz, 26 dB down.
    """
    scenario = Scenario(**STILL, mix="20", noise="off", tone_hz=2300, saturation_dbfs=-3.0, **fields, duration_s=6)
    samples = render(replace(scenario, sample_rate_hz=sample_rate_hz))[sample_rate_hz:-sample_rate_hz, 0].astype(float)
    level_db = 20 * np.log10(np.abs(np.fft.rfft(samples * np.blackman(len(samples)))) + 1e-12)
    frequency_hz = np.fft.rfftfreq(len(samples), 1 / sample_rate_hz)
    tone_hz = scenario.hum_hz or 2300.0
    off_hz = np.abs((frequency_hz + tone_hz / 2) % tone_hz - tone_hz / 2)
    inside = frequency_hz < 0.4 * sample_rate_hz

    assert (level_db[inside & (off_hz > 5)] - level_db.max()).max() < FOLDED_DB


def test_wow_swings_the_tone():
    """The tone swings by wow_percent at wow_hz, and is right twice per cycle."""
    plan = make_plan(Scenario(**STILL, noise="off", wow_percent=1.0, wow_hz=0.5))
    for at_s, expected_hz in ((60.0, 1010.0), (60.5, 1000.0), (61.0, 990.0), (61.5, 1000.0)):
        start = round((at_s - 0.05) * 48_000)

        assert abs(frequency_hz(render(plan, start=start, stop=start + 4800)[:, 0], 48_000) - expected_hz) < 1.0


@pytest.mark.parametrize(
    "effect",
    [
        {"wow_percent": 1e-9},
        {"carrier_offset_hz": 1e-7},
        {"hum_hz": 60.0, "hum_dbfs": -120.0},
        {"spin_rpm": 7.0, "spin_depth_db": 0.0},
    ],
    ids=str,
)
def test_tiny_effects_change_next_to_nothing(effect):
    """An effect of next to no size gives the plain sound, although other code runs."""
    plain, with_effect = render(Scenario(duration_s=10)), render(Scenario(duration_s=10, **effect))

    assert np.abs(plain - with_effect).max() < 5e-6
