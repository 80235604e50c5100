"""Imports point one way, and light things stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import beep

PACKAGE = Path(beep.__file__).parent

# Each layer may import from those before it, never from its own or later ones, but for what is listed in `WITHIN`.
LAYERS = [
    {"errors", "constants", "choices", "arrays"},
    {"rules", "terminal", "elements"},
    {"omm"},
    {"frames", "keying", "noise", "receiver", "stations", "output.files", "output.wav", "output.table", "output.live"},
    {"tle", "recording", "measuring.smooth", "spectrogram", "envelope"},
    {"measuring.band", "measuring.hum", "measuring.clock"},
    {"measuring.detect", "measuring.pulses"},
    {"measuring.keyed", "measuring.tracks"},
    {"measuring.verdict"},
    {"measuring.mixed"},
    {"measurement"},
    {"geometry", "ionosphere", "signal"},
    {"channel"},
    {"orbit", "passes", "fitting.curves"},
    {"overhead", "output.doppler"},
    {"sputnik", "scenario", "fitting.adjust"},
    {"forecast", "fitting.bias"},
    {"reception", "recipe", "fit"},
    {"plan", "truth", "documented", "summary"},
    {"slow"},
    {"stream"},
    {"exporter", "player", "preview", "captions", "report"},
    {"console", "plot.style"},
    {"plot.panels"},
    {"plot.passes", "plot.recordings"},
    {"notebook"},
    {"options"},
    {
        "commands.compare",
        "commands.export",
        "commands.fit",
        "commands.measure",
        "commands.passes",
        "commands.play",
        "commands.plot",
        "commands.receptions",
        "commands.show",
        "commands.track",
    },
    {"cli"},
    {"__main__"},
]

# What a notebook asks of an object leads up to whoever draws it, from inside a function: docs/decisions.md says why.
UPWARDS = {("scenario", "notebook"), ("measurement", "notebook")}


def imports_at_the_top(path: Path) -> set[str]:
    """Modules of the package that come with a file as soon as it is imported."""
    return imports_in(ast.parse(path.read_text()).body)


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, anywhere in it."""
    return imports_in(ast.walk(ast.parse(path.read_text())))


def imports_in(nodes: Iterable[ast.AST]) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "beep":
            inner = node.module.partition(".")[2]
            found |= {inner} if inner else {alias.name for alias in node.names} - set(dir(beep))
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("beep.")}
    return found


def modules() -> dict[str, Path]:
    paths = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    return {name: path for name, path in paths.items() if not name.endswith("__init__")}


def test_imports_point_down() -> None:
    """A module imports only from layers below its own, and every module has a layer."""
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    seen = upwards = 0
    for name, path in modules().items():
        assert name in level, f"{name} has no layer"
        for other in imports(path):
            if (name, other) in UPWARDS:
                assert level[other] > level[name], f"{name} need not be excused for {other}"
                assert other not in imports_at_the_top(path)
                upwards += 1
                continue
            assert level[other] < level[name], f"{name} imports {other}"
            seen += 1
    assert seen > 30
    assert upwards == len(UPWARDS)


def test_one_module_each_for_what_is_heavy() -> None:
    """SGP4, soundfile and rich are each imported in one place; SciPy only on the way back."""
    wanted = {
        "sgp4": {"orbit"},
        "soundfile": {"output.wav", "recording"},
        "rich": {"terminal", "console"},
        "sounddevice": {"output.live"},
        "scipy": {"fitting.adjust", "measuring.band", "measuring.detect"},
        "matplotlib": {"plot.style", "plot.panels", "plot.passes", "plot.recordings"},
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
    for what in ("import beep, beep.scenario", "import beep.cli; beep.cli._top_parser().format_help()"):
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
