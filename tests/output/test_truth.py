"""The truth of a recording as JSON: its content, beside an export, and one resolved scenario for both."""

import io
import json

import pytest

from beep.base.errors import OutputError
from beep.cli.main import main
from beep.geometry.look import simple_pass
from beep.output.export import export
from beep.output.truth import write_truth
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_dict
from beep.stream.track import track

MORNING = Scenario(station="banbury", start="1957-10-13T05:20Z", ionosphere="morning", spin_rpm=7, noise="galactic")
SHORT = Scenario(duration_s=1)
SHORT_OPTIONS = ("--duration-s", 1)


def test_document_of_a_reception():
    """One JSON object: the scenario, which is taken back, what it was resolved to, the track and the pulses."""
    file = io.StringIO()
    write_truth(MORNING, file)
    truth = json.loads(file.getvalue())
    reception = truth["reception"]

    assert list(truth) == ["program", "scenario", "reception", "track", "pulses"]
    assert from_dict(truth["scenario"]) == MORNING
    assert reception["epoch"] == "1957-10-13T05:25:22Z"
    assert 0 < reception["aos_s"] < reception["tca_s"] < reception["los_s"] < reception["duration_s"]
    assert reception["layer"] == {"name": "morning", "fof2_mhz": 10.0, "hm_km": 290.0, "scale_km": 45.0}
    assert reception["site"]["assumed"] is False
    assert len(truth["track"]) == 682
    assert list(truth["track"][0]) == list(track(MORNING, [0.0]))
    assert {row["carrier"] for row in truth["pulses"]} == {"20", "40"}


def test_document_without_numbers():
    """A carrier without edges, no date and no noise are null; JSON has no NaN and no Infinity."""
    file = io.StringIO()
    write_truth(Scenario(duration_s=1, carriers="108.03:0.01:always", noise="off", still=True), file)
    truth = json.loads(file.getvalue())

    assert "NaN" not in file.getvalue()
    assert "Infinity" not in file.getvalue()
    assert truth["pulses"][0]["start_s"] is None
    assert (truth["reception"]["epoch"], truth["reception"]["layer"], truth["reception"]["aos_s"]) == (None,) * 3


@pytest.mark.parametrize("command", [False, True])
def test_scenario_is_resolved_once(tmp_path, monkeypatch, command):
    """An export with its truth resolves the scenario once, in Python as on the command line."""
    calls = []
    monkeypatch.setattr("beep.stream.resolve.simple_pass", lambda **where: calls.append(where) or simple_pass(**where))
    if command:
        main(["export", str(tmp_path / "a.wav"), "-q", "--duration-s", "1", "--truth", str(tmp_path / "a.json")])
    else:
        export(SHORT, tmp_path / "a.wav", truth=tmp_path / "a.json")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.wav"]
    assert len(calls) == 1


# --- beside an export -------------------------------------------------------------------------------------------


def test_truth_beside_an_export(tmp_path, beep):
    """--truth FILE writes the JSON beside the sound, and beside a pipe; the library does the same."""
    ran = beep("export", "a.wav", *SHORT_OPTIONS, "--truth", "a.json")
    piped = beep("export", "-", *SHORT_OPTIONS, "--truth", "b.json")
    export(SHORT, tmp_path / "c.wav", truth=tmp_path / "c.json")

    assert (ran.status, piped.status) == (0, 0)
    assert json.loads((tmp_path / "a.json").read_text())["track"][1]["t_s"] == 1.0
    assert len({(tmp_path / name).read_bytes() for name in ("a.json", "b.json", "c.json")}) == 1
    assert len({(tmp_path / name).read_bytes() for name in ("a.wav", "c.wav")} | {piped.stdout}) <= 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.wav", "b.json", "c.json", "c.wav"]


def test_truth_comes_with_the_sound_or_not_at_all(tmp_path, beep):
    """Where either cannot be written neither is there afterwards; an existing truth is kept; it is a .json file."""
    (tmp_path / "old.json").write_text("old")
    for arguments, message in (
        (("a.wav", "--truth", "old.json"), "already exists"),
        (("missing/a.wav", "--truth", "a.json"), "folder must exist"),
        (("a.wav", "--truth", "missing/a.json"), "folder must exist"),
        (("a.wav", "--truth", "a.txt"), "must end in .json"),
    ):
        ran = beep("export", *SHORT_OPTIONS, *arguments)

        assert ran.status == 1
        assert message in ran.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    assert (tmp_path / "old.json").read_text() == "old"


def test_names_are_refused_before_the_work(tmp_path, monkeypatch):
    """A sound that exists already is refused before the truth is worked out, which takes a while."""
    monkeypatch.setattr("beep.output.truth.write_truth", lambda *_: pytest.fail("worked out for nothing"))
    (tmp_path / "a.wav").touch()

    with pytest.raises(OutputError, match="already exists"):
        export(SHORT, tmp_path / "a.wav", truth=tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
