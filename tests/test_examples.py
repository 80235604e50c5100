"""The examples run."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path.name not in ("pictures.py", "train.py")], ids=lambda path: path.name
)
def test_example(path: Path, tmp_path: Path) -> None:
    """It exits with 0 and prints something."""
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_lesson_runs_and_has_no_outputs() -> None:
    """Every cell of the notebook runs, and the distance by hand is within 10 % of the true one."""
    lesson = nbformat.read(EXAMPLES[0].parent / "lesson.ipynb", as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)

    NotebookClient(lesson, timeout=300, startup_timeout=300, kernel_name="python3").execute()
    shown = "".join(output.text for cell in code for output in cell.outputs if output.output_type == "stream")
    by_hand, fitted, true = map(
        float, re.search(r"by hand (\d+) km, fitted ([\d.]+) km, true ([\d.]+) km", shown).groups()
    )
    assert abs(by_hand - true) < 0.1 * true
    assert abs(fitted - true) < 1


def test_trained_detector_is_better_than_an_energy_detector(tmp_path: Path) -> None:
    """With beeps at -5 dB among carriers that are not keyed; 120 clips instead of 2000."""
    command = [sys.executable, str(EXAMPLES[0].parent / "train.py"), "120", "curve.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    energy, trained = (int(re.search(rf"{name}.* (\d+)% at -5 dB", done.stdout)[1]) for name in ("energy", "trained"))
    assert energy < trained
    assert trained > 50
    assert layout(tmp_path / "curve.png")[0] == b"\x89PNG\r\n\x1a\n"


def test_committed_pictures_are_what_the_example_makes(tmp_path: Path) -> None:
    """The pictures in docs have the names, sizes and kind of those that the script makes, and are small."""
    command = [sys.executable, str(EXAMPLES[0].parent / "pictures.py"), "pictures"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    layouts = {path.name: layout(path) for path in (tmp_path / "pictures").iterdir()}

    assert layouts == {
        path.name: layout(path) for path in PICTURES.glob("*.png") if path.stem not in ("gqrx", "kiosk", "page")
    }
    assert len(layouts) == 5
    assert max((PICTURES / name).stat().st_size for name in layouts) < 150_000


def layout(path: Path) -> tuple[bytes, int, int, int]:
    """Signature, width, height and colour type of a PNG (ISO/IEC 15948)."""
    head = path.read_bytes()[:26]
    width, height, _, colour = struct.unpack(">IIBB", head[16:26])
    return head[:8], width, height, colour


def test_there_are_examples() -> None:
    """At least two."""
    assert len(EXAMPLES) >= 2
