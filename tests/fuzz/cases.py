"""What is tried, kind by kind: a strategy, and a check that fails where more than a BeepError comes out."""

import io
import json
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from fuzz import strategies
from fuzz.monitor import bounded_cost
from program import Beep

from beep.base.errors import BeepError
from beep.cli.measurement_table import comparison_with_recipe
from beep.fitting.fit import fit
from beep.fitting.table import read_tones
from beep.geometry.tle import element_set, elements_of, read_tle, satellite_name
from beep.measuring.measure import measure
from beep.measuring.recording import open_recording
from beep.output.export import export
from beep.output.wav import wav_header, write_wav
from beep.plot import waterfall
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_dict, load, to_dict, to_toml
from beep.stream.plan import make_plan
from beep.stream.resolve import receive, recorded_reception
from beep.stream.track import track
from beep.stream.words import describe, footer, title
from beep.stream.words import warnings as warnings_of
from beep.web.documents import pass_document
from beep.web.recipes import from_link, page_plan, to_link, with_changes

LONGEST = 2000  # characters of a message


@dataclass(frozen=True)
class Kind:
    """Something that can be sent."""

    strategy: Any
    check: Callable[[Any], None]
    drawn: int  # in a round by hand
    in_suite: int
    variants: int = 0  # of each of those drawn by hand

    def try_it(self, case: Any) -> None:
        """Send a case, with every warning an error."""
        folder(), measurements()  # made once, and not counted
        with bounded_cost(), warnings.catch_warnings():
            warnings.simplefilter("error")
            self.check(case)


@cache
def folder() -> Path:
    """A folder with a tape, a table of tones, an element set and a scenario; it stays until the process ends."""
    path = Path(tempfile.mkdtemp(prefix="beep-fuzz-"))
    export(Scenario(duration_s=8, sample_rate_hz=8000, tca_s=4), path / "tape.wav")
    (path / "iss.tle").write_text(strategies.ISS)
    (path / "tones.csv").write_text(strategies.TABLE)
    (path / "mine.toml").write_text(to_toml(Scenario()))
    return path


@cache
def sound_files() -> list[bytes]:
    """Two seconds of beeps in each format that is read."""
    t_s = np.arange(16_000) / 8000
    sound = (np.sin(2 * np.pi * 1000 * t_s) * (t_s % 0.4 < 0.2) / 2).astype(np.float32)
    files = []
    for form, coding in (("WAV", None), ("RF64", None), ("W64", None), ("FLAC", None), ("AIFF", None), ("AU", None),
                         ("CAF", None), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", None), ("CAF", "ALAC_16"),
                         ("WAV", "MS_ADPCM"), ("WAV", "GSM610"), ("AIFF", "IMA_ADPCM")):  # fmt: skip
        path = folder() / "sound"
        soundfile.write(path, sound, 8000, format=form, subtype=coding)
        files.append(path.read_bytes())
        path.unlink()
    file = io.BytesIO()
    comment = json.dumps(to_dict(Scenario()))
    write_wav(file, [sound[:, None]], frames=len(sound), sample_rate_hz=8000, channels=1, comment=comment)
    return [*files, file.getvalue(), wav_header(2**31, sample_rate_hz=8000, channels=2, subtype="float") + bytes(9999)]


@cache
def measurements() -> Any:
    """The measured tape."""
    with open_recording(folder() / "tape.wav") as recording:
        return measure(recording)


def bounded(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns, or None where it raises a BeepError of one short, printable line."""
    try:
        return function(*arguments)
    except BeepError as error:
        said = str(error)
    assert said
    assert len(said) < LONGEST, f"{len(said)} characters: {said[:200]}"
    assert "\n" not in said, said
    return None


def check_scenario(table: dict[str, Any]) -> None:
    scenario = bounded(from_dict, table)
    if scenario is None:
        return
    assert bounded(from_dict, to_dict(scenario)) == scenario
    reception = bounded(receive, scenario)
    if reception is None:
        return
    for words in (title, footer, describe, warnings_of):
        bounded(words, reception)
    bounded(track, reception, np.linspace(0.0, min(reception.duration_s, 100.0), 5))
    bounded(make_plan, reception)


def check_comment(text: str) -> None:
    assert "\x1b" not in comparison_with_recipe(measurements(), recorded_reception(text))


def check_drawn(text: str) -> None:
    """A waterfall with a comment is drawn, whatever it says."""
    with open_recording(folder() / "tape.wav") as recording:
        waterfall(replace(recording, comment=text))


def check_toml(text: str) -> None:
    path = folder() / "sent.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    bounded(load, path)


def check_elements(text: str) -> None:
    kept = bounded(element_set, text)
    path = folder() / "sent.tle"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    bounded(read_tle, path)
    if kept is not None:
        assert bounded(element_set, kept) == kept
        assert bounded(satellite_name, kept).isprintable()
        assert bounded(elements_of, kept) is not None


def check_table(text: str) -> None:
    path = folder() / "sent.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    tones = bounded(read_tones, path)
    if tones is not None:
        bounded(fit, [tones])


def check_recording(data: bytes) -> None:
    path = folder() / "sent.wav"
    path.write_bytes(data)

    def measured() -> None:
        with open_recording(path) as recording:
            measure(recording).to_dict()

    bounded(measured)


def check_page_changes(table: dict[str, Any]) -> None:
    """Changes as a page sends them; what is taken has a plan, a document in JSON, and a link that leads to it."""
    scenario = bounded(with_changes, Scenario(duration_s=20), table)
    if scenario is None:
        return
    assert bounded(from_link, to_link(scenario)) == scenario
    plan = bounded(page_plan, scenario)
    if plan is not None:
        json.dumps(pass_document(plan, 1), allow_nan=False)


def check_link(text: str) -> None:
    scenario = bounded(from_link, text)
    if scenario is not None:
        assert bounded(from_link, to_link(scenario)) == scenario


def check_command(words: list[str]) -> None:
    ran = Beep(folder())(*words)
    errors = [line for line in ran.stderr.split("\n") if line.startswith("beep: error: ")]
    assert ran.status in (0, 1, 2), ran
    assert len(errors) == (ran.status != 0), ran.stderr
    assert max(map(len, ran.stderr.split("\n"))) < LONGEST, ran.stderr[:300]
    assert ran.stderr.replace("\n", "").isprintable()
    if (
        ran.status == 0
        and words
        and words[0] in ("track", "passes", "measure", "fit", "compare")
        and "json" in words[-1:]
    ):
        json.loads(ran.stdout)
    for path in folder().iterdir():
        if path.name not in strategies.FILES.values():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


KINDS = {
    "scenarios": Kind(strategies.scenarios, check_scenario, 40, 20),
    "TOML": Kind(strategies.toml_texts, check_toml, 40, 50, 100),
    "element sets": Kind(strategies.element_sets, check_elements, 50, 100, 200),
    "comments": Kind(strategies.comments, check_comment, 40, 20, 100),
    "pictures": Kind(strategies.comments, check_drawn, 1, 1),
    "tables": Kind(strategies.tone_tables, check_table, 20, 10, 5),
    "recordings": Kind(
        strategies.st.deferred(lambda: strategies.recordings(sound_files())), check_recording, 10, 10, 4
    ),
    "page changes": Kind(strategies.page_changes, check_page_changes, 20, 20),
    "links": Kind(strategies.links, check_link, 50, 50),
    "arguments": Kind(strategies.command_lines(), check_command, 30, 20),
}
