"""Imports point one way, and light things stay light."""

import ast
import graphlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import beep

PACKAGE = Path(beep.__file__).parent

# A room imports from rows before its own. Rooms of one row do not know each other.
ROWS = [
    {"base"},
    {"signal", "geometry", "measuring"},
    {"radio", "scenario"},
    {"stream", "fitting"},
    {"output"},
    {"plot"},
    {"cli"},
]
LEFT_OVER = {
    ("scenario.scenario", "plot.notebook"),
}


@cache
def modules() -> dict[str, Path]:
    """Every module inside a room, by its dotted name without `beep.`."""
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for name, path in paths.items() if "." in name}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, anywhere in it, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name.removeprefix("beep.") in modules() else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name.removeprefix("beep.") for name in found if name.startswith("beep.")}


def room(module: str) -> str:
    return module.partition(".")[0]


def test_imports_point_down() -> None:
    """A room imports only from the rows below it; every room has a row."""
    row = {name: number for number, names in enumerate(ROWS) for name in names}
    assert {room(name) for name in modules()} == set(row)
    seen = set()
    for name, path in modules().items():
        for other in imports(path):
            if room(other) != room(name):
                seen.add((room(name), room(other)))
                assert row[room(other)] < row[room(name)] or (name, other) in LEFT_OVER, f"{name} imports {other}"
    assert len(seen) > 20


def test_no_circle() -> None:
    """No module imports itself through others, also not inside functions."""
    graph = {name: imports(path) - {name} for name, path in modules().items()}
    for name, other in LEFT_OVER:
        graph[name].discard(other)
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(graph) <= set(order)
    assert len(order) > 60


def test_one_module_each_for_what_is_heavy() -> None:
    """SGP4, soundfile and rich are each imported in one place; SciPy only on the way back."""
    wanted = {
        "sgp4": {"geometry.orbit"},
        "soundfile": {"output.wav", "measuring.recording"},
        "rich": {"cli.terminal", "cli.console"},
        "sounddevice": {"output.card"},
        "scipy": {"fitting.solve", "measuring.band", "measuring.bursts"},
        "matplotlib": {"plot.style", "plot.panels", "plot.sheets", "plot.recordings"},
    }
    for library, homes in wanted.items():
        found = set()
        for name, path in modules().items():
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found |= {name for imported in names if imported.split(".")[0] == library}
        assert found == homes, library


def test_no_file_is_too_long() -> None:
    """A file beyond 400 lines asks for a second room."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in modules().values()}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_importing_loads_nothing_heavy() -> None:
    """Importing the package, or asking the program for help, waits for no library."""
    heavy = "{'numpy', 'scipy', 'soundfile', 'sounddevice', 'rich', 'sgp4', 'matplotlib'}"
    top = "from beep.cli.main import _top_parser; _top_parser().format_help()"
    for what in ("import beep, beep.scenario.scenario", top):
        code = f"import sys; {what}; print(sorted({heavy} & set(sys.modules)))"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_rendering_loads_no_scipy_and_no_audio_library() -> None:
    """A WAV is written with NumPy alone."""
    code = (
        "import sys, io, beep; beep.export(beep.Scenario(duration_s=0.1), io.BytesIO());"
        "print(sorted({'scipy', 'soundfile', 'sounddevice', 'rich', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    """What `__all__` promises can be had, and an unknown name is refused as Python does."""
    assert beep.__all__
    assert all(getattr(beep, name) is not None for name in beep.__all__)
    assert not hasattr(beep, "sputnik_2")
