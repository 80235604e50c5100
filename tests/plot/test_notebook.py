"""What objects show in a notebook, which is really executed."""

import dataclasses
import io
import re
from base64 import b64decode

import nbformat
import numpy as np
import pytest
import soundfile
from nbclient import NotebookClient

import beep as package
from beep import Scenario
from beep.measuring.measure import Measurement, Pulses
from beep.plot.notebook import measurement_html, scenario_html

SCENARIO = 'beep.Scenario(station="dallas", start="1957-10-07T05:00Z", mix="20")'
MEASUREMENT = "measure(beep.render(beep.Scenario(duration_s=12, mix='20')), sample_rate_hz=48_000)[0]"


def found_in(html, kind):
    """The bytes of the one data URI of a kind."""
    (text,) = re.findall(rf'"data:{kind};base64,([^"]+)"', html)
    return b64decode(text)


def texts_of(html):
    """What a reader sees, a line a row."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"</tr>|</p>", "\n", re.sub(r'"data:[^"]+"', "", html)))


@pytest.fixture(scope="module")
def shown():
    """HTML that each cell of an executed notebook shows."""
    cells = [
        "import beep, warnings; from beep.measuring.measure import measure; warnings.simplefilter('ignore')",
        SCENARIO,
        MEASUREMENT,
        "import sys; sys.modules['matplotlib'] = None\n"
        "for name in [name for name in sys.modules if name.startswith('beep.plot')]: del sys.modules[name]",
        SCENARIO,
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [
        output["data"].get("text/html", "") for cell in notebook.cells for output in cell.outputs if "data" in output
    ]


def test_scenario_shows_itself(shown):
    """A table with recipe, place and closest approach, the S-curve, and ten seconds of sound from where it is heard."""
    html = shown[0]
    rate_hz = 12_000
    sound, player_rate_hz = soundfile.read(io.BytesIO(found_in(html, "audio/wav")), dtype="int16")
    scenario = dataclasses.replace(eval(SCENARIO, {"beep": package}), sample_rate_hz=rate_hz)
    from_s = float(re.search(r"from (\d+) s on", html)[1])
    truth = package.track(scenario, [from_s - 1, from_s + 1])

    assert "preset tass with mix 20" in html
    assert "closest 05:09:27 +-3 s, 464 km away, 29 deg high" in html
    assert found_in(html, "image/png").startswith(b"\x89PNG")
    assert player_rate_hz == rate_hz
    assert len(sound) == 10 * rate_hz
    assert truth["elevation_deg"][0] < 1.1 < truth["elevation_deg"][1] + 0.2
    # The very samples of the recipe at that rate: found by correlation within the second that the words round away.
    around = package.render(scenario, start=round((from_s - 1) * rate_hz), stop=round((from_s + 12) * rate_hz))[:, 0]
    at = int(np.correlate(around, sound[:2000] / 32768, "valid").argmax())
    np.testing.assert_allclose(around[at : at + len(sound)], sound / 32768, atol=1 / 32768)


def test_measurement_shows_itself(shown):
    """A table with values and errors, a picture, and the beeps made anew."""
    html = shown[1]
    text = texts_of(html)
    sound, rate_hz = soundfile.read(io.BytesIO(found_in(html, "audio/wav")))

    values = {
        name: float(value) for name, value in re.findall(r"(\w+) +(\d+\.\d+) \N{PLUS-MINUS SIGN} 0\.\d+ ms", text)
    }
    assert values == pytest.approx({"pulse": 300, "pause": 300, "period": 600}, abs=0.2)
    assert found_in(html, "image/png").startswith(b"\x89PNG")
    assert len(sound) == pytest.approx(10 * rate_hz, abs=rate_hz)


def test_without_matplotlib(shown):
    """Table and player are there, and instead of the picture how to get one."""
    html = shown[2]

    assert "pip install" in html
    assert "image/png" not in html
    assert found_in(html, "audio/wav").startswith(b"RIFF")


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


def test_beeps_made_anew_are_those_measured():
    """Each beep has its place, its length at half amplitude, and its tone; between them is silence."""
    sound, rate_hz = soundfile.read(io.BytesIO(found_in(measurement_html(measurement()), "audio/wav")))
    for start_s, length_s, tone_hz in ((0.0, 0.2, 500), (1.0, 0.2, 600), (2.0, 0.1, 700)):
        begin, end = round((start_s + 0.01) * rate_hz), round((start_s + length_s - 0.01) * rate_hz)
        beep = sound[begin:end]
        spectrum = np.abs(np.fft.rfft(beep * np.hanning(len(beep)), 8 * rate_hz))
        assert spectrum.argmax() / 8 == pytest.approx(tone_hz, abs=0.5)
        assert np.abs(sound[end + round(0.02 * rate_hz) : end + rate_hz // 2]).max(initial=0) == 0
    assert len(sound) == round(2.1 * rate_hz)


def test_what_cannot_be_shown_is_said():
    """No beeps, or nothing to receive, is a line in the table, with its words escaped."""
    none = texts_of(measurement_html(measurement(beeps=0, note="speech & <noise>")))
    beyond = scenario_html(Scenario(station="89,0", start="1957-10-07T05:00Z"))

    assert "speech &amp; &lt;noise&gt;" in none
    assert "does not rise within a day" in beyond
    assert "data:" not in beyond
