"""Pictures of scenarios: their data, read back from the figures, their text, their files."""

import dataclasses
import functools
import subprocess
import sys

import numpy as np
import pytest
from figures import check_words, drawn, words_of

import beep as package
from beep import Scenario, plot
from beep.base.errors import OutputError, RecordingError, ScenarioError
from beep.plot import preview, recordings, sheets

OVER_DALLAS = Scenario(station="dallas", start="1957-10-07T05:00Z")
LOW = Scenario(station="cambridge", start="1957-10-13", mix="mono", seed=4)  # 6 degrees high
SCENARIOS = {
    "simple": Scenario(),
    "dallas": OVER_DALLAS,
    "low": LOW,
    "seconds": Scenario(duration_s=1.5, noise="off"),
    "still": package.preset("folklore"),
    "down": Scenario(duration_s=30, tca_s=3000),
    "after": dataclasses.replace(OVER_DALLAS, duration_s=60.0, tca_s=-30.0),
    "three changes": Scenario(altitude_km=230, max_elevation_deg=35, pulse_s=0.19, mix="20"),
    "long words": Scenario(station="-41.123456,174.123456,123", start="1957-10-05T07:00Z", sideband="lower", mix="40"),
}


@pytest.fixture(autouse=True, scope="module")
def one_spectrogram_for_each_scenario():
    """Waterfalls of the same scenario share one spectrogram."""
    once = functools.cache(preview.scenario_spectrogram)
    with pytest.MonkeyPatch.context() as patch:
        for module in (sheets, recordings):
            patch.setattr(module, "scenario_spectrogram", once)
        yield


@functools.cache
def figure_of(draw, name):
    """A picture of one of the scenarios, for tests that only read it."""
    return draw(SCENARIOS[name])


def recording_of(scenario, folder, name="tape.wav", **settings):
    """A file of a scenario's sound."""
    package.export(scenario, folder / name, **settings)
    return folder / name


# --- the data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [plot.doppler_curve, plot.pass_sheet])
@pytest.mark.parametrize("name", ["simple", "dallas", "after"])
def test_s_curve_equals_track(draw, name):
    """The curves are the Doppler shift of `track` above the horizon, and absent below it."""
    scenario, figure = SCENARIOS[name], figure_of(draw, name)
    for carrier in ("20", "40"):
        t_s, doppler_hz = drawn(figure, f"doppler_{carrier}").get_data()
        truth = package.track(scenario, t_s)
        up = truth["elevation_deg"] > 0

        assert up.sum() > 1000
        np.testing.assert_array_equal(doppler_hz[up], truth[f"doppler_{carrier}_hz"][up])
        assert np.isnan(doppler_hz[~up]).all()


def test_sheet_equals_track():
    """Elevation, levels and sky plot are those of `track`; the zenith is in the middle, east on the right."""
    figure = figure_of(plot.pass_sheet, "dallas")
    t_s, elevation_deg = drawn(figure, "elevation").get_data()
    truth = package.track(OVER_DALLAS, t_s)
    up = truth["elevation_deg"] > 0
    angle_rad, zenith_deg = drawn(figure, "sky").get_data()
    sky = drawn(figure, "sky").axes

    np.testing.assert_array_equal(elevation_deg, truth["elevation_deg"])
    for carrier in ("20", "40"):
        level_db = drawn(figure, f"level_{carrier}").get_ydata()
        np.testing.assert_array_equal(level_db[up], truth[f"level_{carrier}_db"][up])
    np.testing.assert_allclose(np.degrees(angle_rad), truth["azimuth_deg"][up], atol=1e-9)
    np.testing.assert_allclose(90 - zenith_deg, truth["elevation_deg"][up], atol=1e-9)
    assert (sky.get_theta_offset(), sky.get_theta_direction()) == (np.pi / 2, -1)


def ridge_hz(image):
    """Times (rows,) of the rows of an image, the tones of their brightest columns, and the width of a column."""
    left_hz, right_hz, bottom_s, top_s = image.get_extent()
    level_db = np.asarray(image.get_array())
    rows, columns = level_db.shape
    bin_hz, row_s = (right_hz - left_hz) / columns, (bottom_s - top_s) / rows
    return (
        top_s + (np.arange(rows) + 0.5) * row_s,
        left_hz + (level_db.argmax(axis=1) + 0.5) * bin_hz,
        bin_hz,
    )


def expected_hz(scenario, carrier, t_s, row_s):
    """Mean tone of rows (N,) around `t_s` while the key is down; nan where it is down for less than a third."""
    at_s = t_s[:, None] + (np.arange(64) / 64 - 0.5) * row_s
    truth = {name: column.reshape(at_s.shape) for name, column in package.track(scenario, at_s.ravel()).items()}
    pulse = (at_s - truth["delay_s"]) % (scenario.pulse_s + scenario.pause_s) < scenario.pulse_s
    down = pulse == (carrier.sends == "pulse")
    received = (down.mean(axis=1) > 1 / 3) & (truth["elevation_deg"].min(axis=1) > 2)  # above the horizon's fade
    mean_hz = (truth[f"tone_{scenario.name_of(carrier)}_hz"] * down).sum(axis=1) / np.maximum(down.sum(axis=1), 1)
    return np.where(received, mean_hz, np.nan)


@pytest.mark.parametrize(
    ("draw", "name"), [(plot.waterfall, "dallas"), (plot.waterfall, "long words"), (plot.pass_sheet, "simple")]
)
def test_ridge_is_the_predicted_tone(draw, name):
    """The brightest column of every row is within one bin of the tone of `track`, between the dashed curves."""
    scenario, figure = SCENARIOS[name], figure_of(draw, name)
    for channel, carrier in enumerate(scenario.heard):
        image = drawn(figure, f"waterfall_{channel}")
        t_s, tone_hz, bin_hz = ridge_hz(image)
        wanted_hz = expected_hz(scenario, carrier, t_s, t_s[1] - t_s[0])
        received = np.isfinite(wanted_hz)
        low_hz, at_s = drawn(figure, f"predicted_{scenario.name_of(carrier)}_low").get_data()
        high_hz = drawn(figure, f"predicted_{scenario.name_of(carrier)}_high").get_xdata()
        truth = package.track(scenario, at_s)
        up = truth["elevation_deg"] > 0

        assert received.sum() > 500
        assert np.abs(tone_hz - wanted_hz)[received].max() < bin_hz
        truth_hz = np.abs(truth[f"tone_{scenario.name_of(carrier)}_hz"][up])
        np.testing.assert_allclose((low_hz + high_hz)[up] / 2, truth_hz, atol=1e-9)
        assert np.all((high_hz - low_hz)[up] > 6 * bin_hz)  # the ridge lies free between them
        assert image.axes.yaxis_inverted()  # time runs downwards


def test_waterfall_of_a_file_is_that_of_its_recipe(tmp_path):
    """The picture of a file has the scenario's curve, date and band; the colours begin at the noise floor."""
    scenario = dataclasses.replace(OVER_DALLAS, sample_rate_hz=24_000)
    with package.open_recording(recording_of(scenario, tmp_path, subtype="pcm24")) as tape:
        figure = plot.waterfall(tape)
        bare = plot.waterfall(tape, curve=False)
    image = drawn(figure, "waterfall_1")
    t_s, tone_hz, bin_hz = ridge_hz(image)
    wanted_hz = expected_hz(OVER_DALLAS, OVER_DALLAS.carriers[1], t_s, t_s[1] - t_s[0])

    assert bin_hz == pytest.approx(24_000 / 4096)
    assert np.isfinite(wanted_hz).sum() > 500
    assert np.nanmax(np.abs(tone_hz - wanted_hz)) < bin_hz
    levels = np.concatenate([np.asarray(drawn(figure, f"waterfall_{n}").get_array()) for n in (0, 1)])
    assert image.get_clim()[0] == pytest.approx(np.median(levels), abs=0.5)
    assert "UTC, 7 October 1957" in words_of(figure)
    assert not bare.findobj(lambda artist: (artist.get_gid() or "").startswith("predicted"))


def test_waterfall_of_any_recording(tmp_path):
    """Without a recipe no curve and no date are drawn; with a given scenario its curve is."""
    import soundfile

    path = tmp_path / "old.wav"
    samples = package.render(Scenario(mix="20", sample_rate_hz=11_025), start=300 * 11_025, stop=310 * 11_025)
    soundfile.write(path, samples, 11_025, subtype="PCM_U8")
    with package.open_recording(path) as tape:
        figure = plot.waterfall(tape)
        with_curve = plot.waterfall(tape, scenario=dataclasses.replace(package.preset("dallas"), duration_s=10.0))

    assert not figure.findobj(lambda artist: (artist.get_gid() or "").startswith("predicted"))
    assert "UTC" not in " ".join(words_of(figure))
    assert drawn(with_curve, "predicted_20_low").get_ydata()[-1] == pytest.approx(10)


def test_waterfall_needs_a_window():
    """A recording shorter than a window is refused."""
    with pytest.raises(RecordingError, match=r"0\.17 s .* got 0\.1 s"):
        plot.waterfall(Scenario(duration_s=0.1))


# --- text -------------------------------------------------------------------------------------------------------


def on_papers(*names):
    """Each scenario on small paper, and the one with the longest words on larger paper too."""
    papers = [(name, "small", (8.0, 6.0)) for name in names]
    papers += [("long words", "default", None), ("long words", "wide", (19.2, 8.0))]
    return [pytest.param(name, size_in, id=f"{name}, {paper}") for name, paper, size_in in papers]


@pytest.mark.parametrize(("name", "size_in"), on_papers(*SCENARIOS))
def test_text_of_a_doppler_curve_has_room(name, size_in, monkeypatch):
    """At three sizes no text overlaps or leaves the paper."""
    figure = plot.doppler_curve(SCENARIOS[name], paper=plot.Paper(size_in=size_in, dark=name == "dallas"))

    assert check_words(figure, monkeypatch) > 10


@pytest.mark.parametrize(("name", "size_in"), on_papers("dallas", "low", "seconds", "down", "long words"))
def test_text_of_a_pass_sheet_has_room(name, size_in, monkeypatch):
    """No text overlaps or leaves the paper, with one carrier or two, a high or low pass, a date or none."""
    assert check_words(plot.pass_sheet(SCENARIOS[name], paper=plot.Paper(size_in=size_in)), monkeypatch) > 10


@pytest.mark.parametrize(("name", "size_in"), on_papers("dallas", "seconds", "long words"))
def test_text_of_a_waterfall_has_room(name, size_in, monkeypatch):
    """No text overlaps or leaves the paper, with one channel or two, a date or none."""
    assert check_words(plot.waterfall(SCENARIOS[name], paper=plot.Paper(size_in=size_in)), monkeypatch) > 10


@pytest.mark.parametrize(
    ("draw", "size_in"), [(plot.doppler_curve, (5.0, 3.5)), (plot.waterfall, (7.0, 3.5)), (plot.pass_sheet, (8.0, 6.0))]
)
def test_text_has_room_on_the_least_paper(draw, size_in, monkeypatch):
    """The least size that is allowed is large enough, also at another resolution; smaller is refused."""
    figure = draw(OVER_DALLAS, paper=plot.Paper(size_in=size_in, dpi=180))

    assert check_words(figure, monkeypatch) > 10
    with pytest.raises(OutputError, match=f"needs {size_in[0]:g} x {size_in[1]:g} inches"):
        draw(OVER_DALLAS, paper=plot.Paper(size_in=(size_in[0] - 0.01, size_in[1])))


def test_footer_has_recipe_place_date_and_accuracy():
    """The footer has the preset and its changes, the place, the date, and the accuracy of the orbit."""
    simple = " ".join(words_of(plot.doppler_curve(SCENARIOS["three changes"])))
    dallas = " ".join(words_of(plot.doppler_curve(package.preset("dallas"))))

    assert "preset tass with pulse_s 0.19, altitude_km 230, max_elevation_deg 35, mix 20" not in simple  # four
    assert "preset tass with 4 changes" in simple
    assert "(assumed)" in simple
    assert "preset dallas " in dallas
    assert "Dallas (32.78\N{DEGREE SIGN} N, 96.80\N{DEGREE SIGN} W)" in dallas
    assert "1957-10-07 05:05:28 UTC" in dallas
    assert "62 radio crossings of 1957" in dallas
    assert "accuracy \N{PLUS-MINUS SIGN}3 s, \N{PLUS-MINUS SIGN}2 % in distance" in dallas
    changed = Scenario(pulse_s=0.19, mix="20")
    assert "preset tass with pulse_s 0.19, mix 20" in " ".join(words_of(plot.doppler_curve(changed)))


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_same_picture_same_bytes(tmp_path, kind, begins):
    """Files have the kind asked for and equal bytes when made twice: no date, no random id."""
    for name in ("a", "b"):
        plot.save(plot.doppler_curve(Scenario()), tmp_path / name, kind=kind)

    assert (tmp_path / "a").read_bytes().startswith(begins)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_users_matplotlib_does_not_change():
    """Drawing, saving and showing neither imports pyplot nor changes a setting or a user's figure."""
    code = (
        "import sys, io, matplotlib, beep; from matplotlib.figure import Figure;"
        "settings = lambda: {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'};"
        "before = settings();"  # to ask for the backend would import pyplot
        "figure = beep.plot.doppler_curve(beep.Scenario(), paper=beep.plot.Paper(dark=True));"
        "beep.plot.save(figure, io.BytesIO(), kind='png');"
        "print('matplotlib.pyplot' in sys.modules, settings() == before,"
        "figure._repr_png_().startswith(b'\\x89PNG'), hasattr(Figure(), '_repr_png_'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False True True False\n"


def test_names_of_the_last_version_still_work():
    """Functions that were renamed can be called by their old names, which are not listed."""
    assert (plot.doppler, plot.keying) == (plot.doppler_curve, plot.keying_sheet)
    assert package.fit_pass is package.fit
    assert package.plot is plot
    assert not {"doppler", "fit_pass"} & {*dir(plot), *dir(package)}
    assert {"doppler_curve", "fit", "plot"} <= {*dir(plot), *dir(package)}


@pytest.mark.parametrize("paper", [{"dpi": 0}, {"dpi": float("nan")}, {"dpi": 5000}, {"size_in": (0, 5)}])
def test_paper_out_of_range(paper):
    """Resolutions and sizes out of range are refused."""
    with pytest.raises(OutputError, match=r"dpi|inches"):
        plot.Paper(**paper)


def test_too_many_pixels():
    """A picture too large for the memory is refused."""
    with pytest.raises(OutputError, match="200 million pixels"):
        plot.doppler_curve(Scenario(), paper=plot.Paper(size_in=(60, 60), dpi=300))


def test_nothing_to_receive():
    """A pass that does not rise has no picture."""
    with pytest.raises(ScenarioError, match="horizon"):
        plot.pass_sheet(Scenario(max_elevation_deg=0))
