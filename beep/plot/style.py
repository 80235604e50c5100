"""Style of all pictures: paper, colours, time axes, title and footer, and the file written."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Figure
from matplotlib.text import Text

from beep.base.arrays import Array
from beep.base.errors import OutputError
from beep.base.text import printable
from beep.stream.words import minutes

PICTURE_SUFFIXES = (".png", ".svg", ".pdf")
MOST_IN = 60.0
LEAST_DPI, MOST_DPI, MOST_PIXELS = 30.0, 1200.0, 200e6

# One colour for each carrier, distinct for any colour vision: Okabe and Ito, Color Universal Design, 2008.
LIGHT = {
    "paper": "#ffffff", "ink": "#222222", "soft": "#5f5f5f", "grid": "#d9d9d9",
    "carriers": ("#0072b2", "#d55e00"), "mark": "#007a5a", "map": "viridis",
}  # fmt: skip
DARK = {
    "paper": "#12151a", "ink": "#eeeeee", "soft": "#a8b0ba", "grid": "#343b45",
    "carriers": ("#56b4e9", "#e69f00"), "mark": "#3fd0a5", "map": "viridis",
}  # fmt: skip
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)))  # distinct without colours, and where curves overlap

TICK_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_LONGEST = 1000  # characters of a text that is cut until it fits: each is measured
TITLE_PT, SMALL_PT, LEAST_PT = 13.0, 8.0, 6.0
EDGE_IN = 0.12  # margin of the paper
LEFT_IN, RIGHT_IN = 0.86, 0.72  # for labels beside axes
TICKS_IN, PANEL_TITLE_IN = 0.5, 0.3  # for labels below axes, and for a title above
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "sputnik-beep",
    "text.usetex": False,
    "text.parse_math": False,  # a name may hold dollar signs
    "figure.constrained_layout.use": False,
}


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Size, resolution and colours of a picture. Raises OutputError where they are out of range."""

    size_in: tuple[float, float] | None = None  # width and height in inches; None: the default of the picture
    dpi: float = 100.0
    dark: bool = False

    def __post_init__(self) -> None:
        if not LEAST_DPI <= self.dpi <= MOST_DPI:
            raise OutputError(f"dpi must be {LEAST_DPI:g} to {MOST_DPI:g}, got {self.dpi:g}; the default is 100")
        if self.size_in is not None and not all(0 < length_in <= MOST_IN for length_in in self.size_in):
            size = f"{self.size_in[0]:.3g} x {self.size_in[1]:.3g} inches at {self.dpi:g} dpi"
            raise OutputError(f"a picture has at most {MOST_IN:g} inches each way, got {size}; change the size or dpi")

    @property
    def colours(self) -> dict[str, Any]:
        """Colours by their use."""
        return DARK if self.dark else LIGHT


PAPER = Paper()


class Picture(Figure):  # type: ignore[misc]
    """A figure that a notebook shows as PNG, without pyplot or any setting."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        save(self, file, kind="png")
        return file.getvalue()


@contextmanager
def _drawing(settings: dict[str, Any]) -> Iterator[None]:
    """Draw with these settings, and without a warning where a font lacks a letter of a name."""
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        yield


@contextmanager
def sheet(
    paper: Paper, title: str, notes: Sequence[str], *, default_in: tuple[float, float], least_in: tuple[float, float]
) -> Iterator[tuple[Figure, float, float, float]]:
    """Yield a figure with a title and notes, its width, and the bottom of the title and top of the notes, inches.

    What is drawn inside the block has the common style. Raises OutputError where the paper is smaller than `least_in`,
    the least size on which all text has room.
    """
    width_in, height_in = paper.size_in or default_in
    pixels = f"{width_in * paper.dpi:.0f} x {height_in * paper.dpi:.0f} pixels at {paper.dpi:g} dpi"
    if width_in < least_in[0] or height_in < least_in[1]:
        rule = f"the text of this picture needs {least_in[0]:g} x {least_in[1]:g} inches"
        size = f"{width_in:.3g} x {height_in:.3g} ({pixels})"
        raise OutputError(f"{rule}, got {size}; enlarge the size or lower dpi")
    if width_in * height_in * paper.dpi**2 > MOST_PIXELS:
        most = f"{MOST_PIXELS / 1e6:g} million pixels"
        raise OutputError(f"a picture has at most {most}, got {pixels}; lower dpi or the size")
    colours = paper.colours
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    ink = dict.fromkeys(inked, colours["ink"])
    settings = SETTINGS | ink | {"axes.facecolor": colours["paper"], "grid.color": colours["grid"]}
    with _drawing(settings):
        figure = Picture(figsize=(width_in, height_in), dpi=paper.dpi, facecolor=colours["paper"])
        FigureCanvasAgg(figure)
        inches, across_in = figure.dpi_scale_trans, width_in - 2 * EDGE_IN
        head = figure.text(
            EDGE_IN, height_in - EDGE_IN, printable(title), transform=inches, va="top", size=TITLE_PT, weight="bold"
        )
        _narrow(head, across_in)
        foot = figure.text(EDGE_IN, EDGE_IN, "", transform=inches, va="bottom", size=SMALL_PT, color=colours["soft"])
        _write_notes(foot, notes, across_in)
        yield figure, width_in, height_in - 2 * EDGE_IN - size_in(head)[1], 2 * EDGE_IN + size_in(foot)[1]


def _write_notes(text: Text, notes: Sequence[str], most_in: float) -> None:
    """Set a text to notes, as many side by side as have room; too wide a text becomes smaller."""
    lines: list[str] = []
    for note in map(printable, notes):
        if lines:
            text.set_text(f"{lines[-1]}  \N{MIDDLE DOT}  {note}")
            if size_in(text)[0] <= most_in:
                lines[-1] = text.get_text()
                continue
        lines.append(note)
    text.set_text("\n".join(lines))
    _narrow(text, most_in)


def _narrow(text: Text, most_in: float) -> None:
    """Reduce the size of a text until it is at most `most_in` wide; below the least size, cut it off."""
    wide_in = size_in(text)[0]
    if wide_in > most_in:
        text.set_size(max(LEAST_PT, text.get_size() * most_in / wide_in * 0.99))
    words = text.get_text()[:_LONGEST]
    text.set_text(words)
    while size_in(text)[0] > most_in and len(words) > 1:
        words = words[:-1]
        text.set_text(words.rstrip() + "\N{HORIZONTAL ELLIPSIS}")


def size_in(artist: Text | Axes) -> tuple[float, float]:
    """Return width and height of a text or of the frame of axes, inches."""
    box, dpi = artist.get_window_extent(), artist.get_figure(root=True).dpi
    return box.width / dpi, box.height / dpi


def titled(axes: Axes, *candidates: str) -> None:
    """Set the first of the titles that is no wider than the axes, or else the last one in smaller letters."""
    for words in candidates:
        title = axes.set_title(words)
        if size_in(title)[0] <= size_in(axes)[0]:
            return
    _narrow(title, size_in(axes)[0])


def axes_at(figure: Figure, *frame_in: float, **settings: Any) -> Axes:
    """Return new axes whose frame is at left, bottom (from the lower left corner), width and height, inches."""
    return figure.add_axes(np.array(frame_in) / np.tile(figure.get_size_inches(), 2), **settings)


def _tick_times_s(until_s: float, *, most: int, offset_s: float = 0.0) -> Array:
    """Return at most about `most` times from 0 to `until_s` that are round numbers when counted from `-offset_s`."""
    step_s = next((step for step in TICK_STEPS_S if until_s / step <= max(most, 1)), TICK_STEPS_S[-1])
    first, last = np.ceil(offset_s / step_s - 1e-9), np.floor((until_s + offset_s) / step_s + 1e-9)
    return np.arange(first, last + 1) * step_s - offset_s


def pass_clock(axis: Any, until_s: float, *, length_in: float, apart_in: float = 0.55) -> str:
    """Label an axis with the time after the first sample, ticks at least `apart_in` apart; return the unit."""
    ticks = _tick_times_s(until_s, most=int(length_in / apart_in))
    fine = len(ticks) > 1 and ticks[1] - ticks[0] < 1
    axis.set_ticks(ticks, [f"{tick:.1f}" if fine else minutes(tick) for tick in ticks])
    return "s" if fine else "min:s"


def utc_clock(axis: Any, epoch: datetime, until_s: float, *, length_in: float, apart_in: float = 0.8) -> None:
    """Label an axis with UTC, ticks at least `apart_in` apart."""
    utc = epoch.astimezone(UTC)
    midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = (utc - midnight).total_seconds()
    ticks = _tick_times_s(until_s, most=int(length_in / apart_in), offset_s=offset_s)
    form = "%H:%M:%S" if len(ticks) < 2 or ticks[1] - ticks[0] < 60 else "%H:%M"
    axis.set_ticks(ticks, [f"{midnight + timedelta(seconds=round(tick + offset_s)):{form}}" for tick in ticks])


def kind_of(path: str | Path) -> str:
    """Return png, svg or pdf by the suffix of a file. Raises OutputError for another one."""
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise OutputError(f"the file name must end in .png, .svg or .pdf, got {str(path)!r}")
    return suffix[1:]


def save(figure: Figure, to: str | Path | BinaryIO, *, kind: str) -> None:
    """Write a figure as png, svg or pdf; equal figures give equal bytes."""
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with _drawing(SETTINGS):
        figure.savefig(to, format=kind, metadata=undated)
