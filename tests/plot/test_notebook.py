"""What objects show in a notebook, which is really executed."""

import dataclasses
import io
import re
import struct
from base64 import b64decode
from datetime import datetime

import nbformat
import numpy as np
import pytest
import soundfile
from nbclient import NotebookClient

import beep as package
from beep import Scenario
from beep.geometry.forecast import Prediction
from beep.measuring.measure import Measurement, Pulses
from beep.plot.notebook import measurement_html, passes_html, scenario_html

SCENARIO = 'beep.Scenario(station="dallas", start="1957-10-07T05:00Z", mix="20")'
SHORT_PASS = "beep.Scenario(mix='20', sample_rate_hz=8000, altitude_km=230, duration_s=200)"
CELLS = {
    "import": "import beep, sys, warnings; warnings.simplefilter('ignore')",
    "heavy": "sorted({'numpy', 'matplotlib', 'beep.plot.notebook'} & set(sys.modules))",
    "scenario": SCENARIO,
    "measurements": "measured = beep.measure(beep.render(beep.Scenario(duration_s=12)), sample_rate_hz=48_000)\n"
    "measured",
    "measurement": "measured[0]",
    "fit": f"fitted = beep.fit(beep.measure(beep.render({SHORT_PASS}), sample_rate_hz=8000)); fitted",
    "passes": "beep.passes('dallas', '1957-10-07T05:00Z')",
    "receptions": "beep.receptions()",
    "columns": "beep.track(beep.Scenario(), [0.0])",
    "figure": "beep.plot.doppler_curve(beep.Scenario(), paper=beep.plot.Paper(size_in=(5, 3.5)))",
    "users figure": "from matplotlib.figure import Figure; Figure()",
    "pyplot": "'matplotlib.pyplot' in sys.modules",
    "remove": "sys.modules['matplotlib'] = None\n"
    "for name in [name for name in sys.modules if name.startswith('beep.plot.')]: del sys.modules[name]",
    "bare scenario": SCENARIO,
    "bare measurement": "measured[0]",
    "bare fit": "fitted",
}


def data_in(html, kind):
    """The bytes of the one data URI of a kind."""
    (text,) = re.findall(rf'"data:{kind};base64,([^"]+)"', html)
    return b64decode(text)


def text_of(html):
    """The text that a reader sees, one line for each row of a table."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"</tr>|</p>", "\n", re.sub(r'"data:[^"]+"', "", html)))


@pytest.fixture(scope="module")
def outputs():
    """What each cell of an executed notebook shows, by MIME type."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
    NotebookClient(notebook, timeout=300, startup_timeout=300, kernel_name="python3").execute()
    return {
        name: next((output["data"] for output in cell.outputs if "data" in output), {})
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }


@pytest.fixture
def shown(outputs):
    """HTML that each cell shows."""
    return {name: data.get("text/html", "") for name, data in outputs.items()}


def test_import_loads_nothing_heavy(outputs):
    """Registering what a notebook shows imports neither NumPy nor matplotlib nor the code that shows it."""
    assert outputs["heavy"]["text/plain"] == "[]"


def test_scenario_shows_itself(shown):
    """A table with recipe, place and closest approach, the Doppler curve, and ten seconds around closest approach."""
    html = shown["scenario"]
    rate_hz = 12_000
    sound, player_rate_hz = soundfile.read(io.BytesIO(data_in(html, "audio/wav")), dtype="int16")
    scenario = dataclasses.replace(eval(SCENARIO, {"beep": package}), sample_rate_hz=rate_hz)
    from_s = float(re.search(r"from ([\d.]+) s", html)[1])
    t_s = np.arange(0.0, 460.0, 0.1)
    loudest_s = t_s[package.track(scenario, t_s)["level_20_db"].argmax()]

    assert "preset tass with mix 20" in html
    assert "464 km" in html
    assert "29 deg" in html
    assert data_in(html, "image/png").startswith(b"\x89PNG")
    assert player_rate_hz == rate_hz
    assert len(sound) == 10 * rate_hz
    assert from_s + 5 == pytest.approx(loudest_s, abs=0.5)
    # The samples of the scenario at that rate: found by correlation near the start, which the caption rounds.
    around = package.render(scenario, start=round((from_s - 1) * rate_hz), stop=round((from_s + 12) * rate_hz))[:, 0]
    at = int(np.correlate(around, sound[:rate_hz] / 32768, "valid").argmax())
    np.testing.assert_allclose(around[at : at + len(sound)], sound / 32768, atol=1 / 32768)


def test_measurement_shows_itself(shown):
    """A table with values and errors, a picture, and the beeps synthesized from them."""
    html = shown["measurement"]
    sound, rate_hz = soundfile.read(io.BytesIO(data_in(html, "audio/wav")))

    values = {
        name: float(value)
        for name, value in re.findall(r"(\w+) +(\d+\.\d+) \N{PLUS-MINUS SIGN} 0\.\d+ ms", text_of(html))
    }
    assert values == pytest.approx({"pulse": 300, "pause": 300, "period": 600}, abs=0.2)
    assert data_in(html, "image/png").startswith(b"\x89PNG")
    assert len(sound) == pytest.approx(10 * rate_hz, abs=rate_hz)


def test_measurements_of_two_channels_are_one_table(shown):
    """Each value is a row with both channels, in one table, with a picture and a player of each."""
    html = shown["measurements"]

    assert html.count("<table>") == 1
    assert re.search(r"channel +1 +2 *\n", text_of(html))
    assert re.search(r"pulse +3\d\d\.\d+ .* ms +(299|300)\.\d+ .* ms|pulse +(299|300)\.\d+ .* ms", text_of(html))
    assert html.count("data:image/png") == html.count("data:audio/wav") == 2


def test_fit_shows_itself(shown):
    """A table with values, errors and biases, and the picture of the fit."""
    text = text_of(shown["fit"])
    distance_km, bias_km = re.search(r"distance +(\d+\.\d+) .*? km +(-?\d+\.\d+) ", text).groups()

    scenario = eval(SHORT_PASS, {"beep": package})
    assert float(distance_km) == pytest.approx(package.track(scenario, step_s=0.1)["range_km"].min(), abs=0.2)
    assert abs(float(bias_km)) < 5
    assert "residuals, 20.005 MHz" in text
    assert "model bias" in text
    assert data_in(shown["fit"], "image/png").startswith(b"\x89PNG")


def test_passes_and_receptions_are_tables(shown):
    """A row for each pass and each reception, with a head."""
    passes, receptions = text_of(shown["passes"]), text_of(shown["receptions"])

    assert passes.count("northbound") + passes.count("southbound") == len(re.findall(r"1957-10-0[78] \d\d:", passes))
    assert passes.count("northbound") >= 2
    assert "AOS (rise), UTC" in passes
    assert receptions.count("1957-10-") == len(package.receptions())


def test_figures_show_themselves(outputs):
    """A figure of `beep.plot` is a PNG of its size without pyplot; a user's own figure and columns stay as they are."""
    png = b64decode(outputs["figure"]["image/png"])

    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (500, 350)
    assert "image/png" not in outputs["users figure"]
    assert outputs["pyplot"]["text/plain"] == "False"
    assert set(outputs["columns"]) == {"text/plain"}


@pytest.mark.parametrize(("name", "players"), [("bare scenario", 1), ("bare measurement", 1), ("bare fit", 0)])
def test_without_matplotlib(shown, name, players):
    """Tables and players are shown, and instead of the picture one line that says how to get it."""
    html = shown[name]

    assert html.count("pip install") == 1
    assert "<table>" in html
    assert "image/png" not in html
    assert html.count("data:audio/wav") == players


def measurement(**values):
    """A measurement of three beeps of 0.2, 0.2 and 0.1 s, at 500, 600 and 700 Hz; the rest is nan."""
    table = {field.name: float("nan") for field in dataclasses.fields(Measurement)}
    start_s, length_s = np.array([2.0, 3.0, 4.0]), np.array([0.2, 0.2, 0.1])
    pulses = {field.name: np.full(3, np.nan) for field in dataclasses.fields(Pulses)}
    pulses |= {"start_s": start_s, "length_s": length_s, "time_s": start_s + length_s / 2}
    pulses |= {"tone_hz": np.array([500.0, 600.0, 700.0]), "slot": np.arange(3), "slots": np.ones(3, int)}
    pulses |= {"whole": np.ones(3, bool)}
    table |= {"channel": 0, "beeps": 3, "keying": "none", "hum_hz": (), "note": "", "snr_bandwidth_hz": 500.0}
    return Measurement(**(table | {"pulses": Pulses(**pulses)} | values))


def test_synthesized_beeps_are_those_measured():
    """Every beep has its time, its length at half amplitude, and its tone; between them is silence."""
    sound, rate_hz = soundfile.read(io.BytesIO(data_in(measurement_html(measurement()), "audio/wav")))
    for start_s, length_s, tone_hz in ((0.0, 0.2, 500), (1.0, 0.2, 600), (2.0, 0.1, 700)):
        begin, end = round((start_s + 0.01) * rate_hz), round((start_s + length_s - 0.01) * rate_hz)
        beep = sound[begin:end]
        spectrum = np.abs(np.fft.rfft(beep * np.hanning(len(beep)), 8 * rate_hz))
        assert spectrum.argmax() / 8 == pytest.approx(tone_hz, abs=0.5)
        assert np.abs(sound[end + round(0.02 * rate_hz) : end + rate_hz // 2]).max(initial=0) == 0
    assert len(sound) == round(2.1 * rate_hz)


def test_synthesized_beeps_are_those_around_the_loudest():
    """A long measurement is played from five seconds before its loudest beep on."""
    pulses = measurement().pulses
    count = 100
    columns = {name: np.resize(column, count) for name, column in vars(pulses).items()}
    columns |= {"start_s": 2.0 + np.arange(count), "time_s": 2.1 + np.arange(count)}
    columns["level_db"] = -np.abs(np.arange(count) - 70.0)
    html = measurement_html(measurement(beeps=count, pulses=Pulses(**columns)))

    assert "10 s of the beeps of channel 1, from 67.1 s on" in html


def test_what_cannot_be_shown_is_said():
    """No beeps, nothing to receive, or no rise is a line or a cell in the table, with its text escaped."""
    none = text_of(measurement_html(measurement(beeps=0, note="speech & <noise>")))
    beyond = scenario_html(Scenario(station="89,0", start="1957-10-07T05:00Z"))
    blank = dict.fromkeys(field.name for field in dataclasses.fields(Prediction))
    always = blank | {"tca": datetime(1957, 10, 7), "max_elevation_deg": 80.0, "tca_range_km": 900.0, "direction": ""}

    assert "speech &amp; &lt;noise&gt;" in none
    assert "does not rise within a day" in beyond
    assert "data:" not in beyond
    assert text_of(passes_html([Prediction(**always)])).count("up for days") == 2
