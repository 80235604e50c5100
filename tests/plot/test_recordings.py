"""Pictures of recordings: keying, measurement, and fit."""

import dataclasses
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from figures import check_words, drawn

import beep as package
from beep import Scenario, plot
from beep.base.errors import RecordingError
from beep.fitting.fit import fit
from beep.fitting.solve import Tones
from beep.measuring.measure import Measurement, Pulses
from beep.plot import recordings

OVER_DALLAS = Scenario(station="dallas", start="1957-10-07T05:00Z")


def measurement_of(pulse_s, pause_s, beeps, *, channel=0, dash=None, sd_hz=0.1):
    """A measurement with beeps of known lengths; `dash` is the number of one that fills three slots."""
    period_s = pulse_s + pause_s
    slot, slots = np.arange(beeps), np.ones(beeps, int)
    if dash is not None:
        slots[dash] = 3
        slot[dash + 1 :] += 2
    length_s = pulse_s + (slots - 1) * period_s
    table = {field.name: float("nan") for field in dataclasses.fields(Measurement)}
    pulses = {field.name: np.full(beeps, np.nan) for field in dataclasses.fields(Pulses)}
    pulses |= {"slot": slot, "slots": slots, "start_s": 0.5 + slot * period_s, "length_s": length_s}
    pulses |= {"time_s": 0.5 + slot * period_s + length_s / 2, "tone_hz": 1000.0 - slot, "whole": np.ones(beeps, bool)}
    pulses["tone_sd_hz"] = np.full(beeps, sd_hz)
    table |= {"channel": channel, "beeps": beeps, "keying": "none", "hum_hz": (), "note": "", "snr_bandwidth_hz": 500.0}
    table |= {"pulse_s": pulse_s, "pause_s": pause_s, "period_s": period_s, "tone_hz": 1000.0, "snr_db": 20.0}
    return Measurement(**(table | {"pulses": Pulses(**pulses)}))


@pytest.fixture(scope="module")
def taped(tmp_path_factory):
    """A minute of both carriers in a file, without motion: the envelope is half of full scale while keyed."""
    scenario = Scenario(duration_s=60, still=True, noise="off", pulse_s=0.2, pause_s=0.25)
    path = tmp_path_factory.mktemp("taped") / "tape.wav"
    package.export(scenario, path, subtype="float")
    return path


def test_envelope_and_beeps(taped):
    """The envelope is half of full scale in the beeps and zero between; every beep in view is marked."""
    late_s = 571e3 / 299_792_458  # light time at closest approach
    measured = [measurement_of(0.2, 0.25, 130)]
    with package.open_recording(taped) as tape:
        figure = plot.keying_sheet(tape, measured)
    t_s, amplitude = drawn(figure, "envelope").get_data()
    phase_s = (t_s - late_s) % 0.45
    inside = (phase_s > 0.01) & (phase_s < 0.19)
    outside = (phase_s > 0.21) & (phase_s < 0.44)
    inner = (t_s > t_s[0] + 0.05) & (t_s < t_s[-1] - 0.05)  # the filter is circular: its ends are wrong
    spans = [patch.get_extents() for patch in figure.findobj(lambda artist: artist.get_gid() == "beep")]

    assert amplitude[inside & inner] == pytest.approx(10 ** (-6 / 20), abs=0.01)
    assert amplitude[outside & inner].max() < 0.01
    assert t_s[0] == pytest.approx(0.2, abs=0.001)
    assert t_s[-1] == pytest.approx(8.2, abs=0.01)
    assert len(spans) == 18  # of those that begin between 0.5 and 8.2 s


def test_envelope_starts_at_the_loudest_beep(taped):
    """Eight seconds from 0.3 s before the loudest beep are shown; near the end, the last eight."""
    measured = measurement_of(0.2, 0.25, 130)
    for loudest, start_s in ((60, 0.5 + 60 * 0.45 - 0.3), (129, 52.0)):
        levels_db = np.where(np.arange(130) == loudest, -6.0, -10.0)
        louder = replace(measured, pulses=replace(measured.pulses, level_db=levels_db))
        with package.open_recording(taped) as tape:
            shown_s = drawn(plot.keying_sheet(tape, [louder]), "envelope").get_xdata()

        assert shown_s[0] == pytest.approx(start_s, abs=0.001)
        assert shown_s[-1] == pytest.approx(start_s + 8, abs=0.01)


def test_lengths_of_single_beeps_and_of_pauses_beside_a_dash():
    """A dash is no beep, but its pauses count; the histogram has what `lengths` returns."""
    measured = measurement_of(0.2, 0.25, 30, dash=10)
    pulse_s, pause_s = recordings.lengths(measured)

    assert len(pulse_s) == 29
    assert pulse_s == pytest.approx(0.2)
    assert len(pause_s) == 29
    assert pause_s == pytest.approx(0.25)
    figure = plot.measurement_sheet(measured)
    heights = [patch.get_height() for axes in figure.axes for patch in axes.patches]
    assert sum(heights) == 58


def test_no_beeps_no_picture(taped):
    """Without beeps there is no picture, and the error has the reason."""
    none = dataclasses.replace(measurement_of(0.2, 0.25, 3), beeps=0, note="a steady tone of 50 Hz")
    with (
        package.open_recording(taped) as tape,
        pytest.raises(RecordingError, match=r"none were found.*steady tone of 50"),
    ):
        plot.keying_sheet(tape, [none, none])


@cache
def fitted_pass(sd_hz=0.3, outlier=None):
    """A pass fitted to the tones of a simple pass with noise, and the tones."""
    t_s = np.arange(20.0, 660.0, 2.0)
    rng = np.random.default_rng(3)
    tones = []
    for carrier in Scenario().carriers:
        tone_hz = package.track(Scenario(), t_s)[
            f"tone_{Scenario().name_of(carrier)}_hz"
        ] + sd_hz * rng.standard_normal(t_s.size)
        if outlier is not None:
            tone_hz[outlier] += 40
        sd = np.full(t_s.size, sd_hz)
        tones.append(Tones(frequency_hz=carrier.frequency_mhz * 1e6, t_s=t_s, tone_hz=tone_hz, sd_hz=sd))
    return fit(tones), tones


def test_fit_shows_tones_curve_and_residuals():
    """Tones are those measured; the fitted curve is within noise of the truth; residuals are the difference."""
    fitted, tones = fitted_pass(outlier=50)
    figure = plot.fit_sheet(fitted)
    for number, (given, carrier) in enumerate(zip(tones, Scenario().carriers, strict=True)):
        t_s, curve_hz = drawn(figure, f"fitted_{number}").get_data()
        truth_hz = package.track(Scenario(), t_s)[f"tone_{Scenario().name_of(carrier)}_hz"]
        measured = drawn(figure, f"tones_{number}")
        residuals = drawn(figure, f"residuals_{number}")
        used = fitted.carriers[number].used

        np.testing.assert_array_equal(measured.get_ydata(), given.tone_hz)
        np.testing.assert_allclose(curve_hz, truth_hz, atol=0.3)  # the error of one tone; 320 of them make the curve
        assert used.sum() == len(given.t_s) - 1
        np.testing.assert_allclose(residuals.get_ydata(), (given.tone_hz - curve_hz)[used], atol=1e-9)
        assert drawn(figure, f"outliers_{number}").get_xdata().tolist() == [given.t_s[50]]


@pytest.mark.parametrize("size_in", [(8.0, 6.0), None, (19.2, 8.0)], ids=["small", "default", "wide"])
@pytest.mark.parametrize("kind", ["keying", "both channels", "fit", "measured"])
def test_text_of_recordings_has_room(kind, size_in, monkeypatch, taped):
    """At three sizes no text overlaps or leaves the paper."""
    paper = plot.Paper(size_in=size_in)
    left = measurement_of(0.193, 0.254, 40, dash=3)
    if kind == "fit":
        figure = plot.fit_sheet(fitted_pass(outlier=7)[0], name="a long name.wav", scenario=OVER_DALLAS, paper=paper)
    elif kind == "measured":
        figure = plot.measurement_sheet(left, paper=paper)
    else:
        with package.open_recording(taped) as tape:
            right = [measurement_of(0.3, 0.3, 40, channel=1)] if kind == "both channels" else []
            figure = plot.keying_sheet(tape, [left, *right], paper=paper)

    assert check_words(figure, monkeypatch) > 10
