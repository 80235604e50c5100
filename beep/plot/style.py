"""Style of all pictures: paper, colours, time axes, title and footer, and the file written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Figure
from matplotlib.text import Text

from beep.base.errors import OutputError
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
            raise OutputError(
                f"a picture has at most {MOST_IN:g} inches each way, got "
                f"{self.size_in[0]:.3g} x {self.size_in[1]:.3g} inches at {self.dpi:g} dpi; change the size or dpi"
            )

    @property
    def colours(self) -> dict[str, Any]:
        """Colours by their use."""
        return DARK if self.dark else LIGHT


class Picture(Figure):  # type: ignore[misc]
    """A figure that a notebook shows as PNG, without pyplot or any setting."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        save(self, file, kind="png")
        return file.getvalue()


@contextmanager
def sheet(paper: Paper, *, default_in: tuple[float, float], least_in: tuple[float, float]) -> Iterator[Figure]:
    """Yield an empty figure; what is drawn on it inside the block has the common style.

    Raises OutputError where the paper is smaller than `least_in`, the least size on which all text has room.
    """
    width_in, height_in = paper.size_in or default_in
    if width_in < least_in[0] or height_in < least_in[1]:
        raise OutputError(
            f"the text of this picture needs {least_in[0]:g} x {least_in[1]:g} inches, got {width_in:.3g} x "
            f"{height_in:.3g} ({width_in * paper.dpi:.0f} x {height_in * paper.dpi:.0f} pixels at {paper.dpi:g} dpi); "
            f"enlarge the size or lower dpi"
        )
    if width_in * height_in * paper.dpi**2 > MOST_PIXELS:
        raise OutputError(
            f"a picture has at most {MOST_PIXELS / 1e6:g} million pixels, got {width_in * paper.dpi:.0f} x "
            f"{height_in * paper.dpi:.0f}; lower dpi or the size"
        )
    colours = paper.colours
    ink = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), colours["ink"]
    )
    settings = SETTINGS | ink | {"axes.facecolor": colours["paper"], "grid.color": colours["grid"]}
    with matplotlib.rc_context(settings):
        figure = Picture(figsize=(width_in, height_in), dpi=paper.dpi, facecolor=colours["paper"])
        FigureCanvasAgg(figure)
        yield figure


def framed(figure: Figure, title: str, notes: Sequence[str], *, paper: Paper) -> tuple[float, float]:
    """Write the title at the top and the notes at the bottom; return the height of each, inches.

    Text that is too wide becomes smaller; the notes also wrap.
    """
    width_in, height_in = figure.get_size_inches()
    across = width_in - 2 * EDGE_IN
    head = figure.text(
        EDGE_IN / width_in, 1 - EDGE_IN / height_in, title, va="top", ha="left", size=TITLE_PT, weight="bold"
    )
    narrowed(head, across)
    lines: list[str] = []
    foot = figure.text(
        EDGE_IN / width_in, EDGE_IN / height_in, "", va="bottom", ha="left", size=SMALL_PT, color=paper.colours["soft"]
    )
    for note in notes:
        if lines:
            foot.set_text(f"{lines[-1]}  \N{MIDDLE DOT}  {note}")
            if _size_in(foot)[0] <= across:
                lines[-1] = foot.get_text()
                continue
        lines.append(note)
    foot.set_text("\n".join(lines))
    narrowed(foot, across)
    return 2 * EDGE_IN + _size_in(head)[1], 2 * EDGE_IN + _size_in(foot)[1]


def narrowed(text: Text, most_in: float) -> None:
    """Reduce the size of a text until it is at most `most_in` wide; below the least size, cut it off."""
    wide_in = _size_in(text)[0]
    if wide_in > most_in:
        text.set_size(max(LEAST_PT, text.get_size() * most_in / wide_in * 0.99))
    words = text.get_text()
    while _size_in(text)[0] > most_in and len(words) > 1:
        words = words[:-1]
        text.set_text(words.rstrip() + "\N{HORIZONTAL ELLIPSIS}")


def _size_in(text: Text) -> tuple[float, float]:
    figure = text.get_figure(root=True)
    box = text.get_window_extent(figure.canvas.get_renderer())
    return box.width / figure.dpi, box.height / figure.dpi


def titled(axes: Axes, *candidates: str) -> None:
    """Set the first of the titles that is no wider than the axes, or else the last one in smaller letters."""
    figure = axes.get_figure(root=True)
    most_in = axes.get_position().width * figure.get_size_inches()[0]
    for words in candidates:
        title = axes.set_title(words)
        if _size_in(title)[0] <= most_in:
            return
    narrowed(title, most_in)


def axes_at(
    figure: Figure, left_in: float, bottom_in: float, width_in: float, height_in: float, **settings: Any
) -> Axes:
    """Return new axes with their frame at the given inches from the lower left corner of the paper."""
    wide_in, high_in = figure.get_size_inches()
    return figure.add_axes(
        (left_in / wide_in, bottom_in / high_in, width_in / wide_in, height_in / high_in), **settings
    )


def tick_times_s(low_s: float, high_s: float, *, most: int, offset_s: float = 0.0) -> np.ndarray[Any, Any]:
    """Return at most about `most` times in an interval that are round numbers when counted from `-offset_s`."""
    step_s = next((step for step in TICK_STEPS_S if (high_s - low_s) / step <= max(most, 1)), TICK_STEPS_S[-1])
    first = np.ceil((low_s + offset_s) / step_s - 1e-9)
    last = np.floor((high_s + offset_s) / step_s + 1e-9)
    return np.arange(first, last + 1) * step_s - offset_s


def pass_clock(axis: Any, low_s: float, high_s: float, *, length_in: float, apart_in: float = 0.55) -> str:
    """Label an axis with the time after the first sample, ticks at least `apart_in` apart; return the unit."""
    ticks = tick_times_s(low_s, high_s, most=int(length_in / apart_in))
    fine = len(ticks) > 1 and ticks[1] - ticks[0] < 1
    axis.set_ticks(ticks, [f"{abs(tick):.1f}" if fine else minutes(tick) for tick in ticks])
    return "s" if fine else "min:s"


def utc_clock(
    axis: Any, epoch: datetime, low_s: float, high_s: float, *, length_in: float, apart_in: float = 0.8
) -> None:
    """Label an axis with UTC, ticks at least `apart_in` apart."""
    utc = epoch.astimezone(UTC)
    offset_s = utc.hour * 3600 + utc.minute * 60 + utc.second + utc.microsecond / 1e6
    ticks = tick_times_s(low_s, high_s, most=int(length_in / apart_in), offset_s=offset_s)
    fine = len(ticks) < 2 or ticks[1] - ticks[0] < 60
    axis.set_ticks(ticks, [_clock(tick + offset_s, fine=fine) for tick in ticks])


def _clock(second_of_day: float, *, fine: bool) -> str:
    whole = round(second_of_day) % 86_400
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}"
    return f"{text}:{whole % 60:02}" if fine else text


def kind_of(path: str | Path) -> str:
    """Return png, svg or pdf by the suffix of a file. Raises OutputError for another one."""
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURE_SUFFIXES:
        raise OutputError(
            f"the suffix says the format: {', '.join(PICTURE_SUFFIXES)}, got {str(path)!r}; name one of them"
        )
    return suffix[1:]


def save(figure: Figure, to: str | Path | BinaryIO, *, kind: str) -> None:
    """Write a figure as png, svg or pdf; equal figures give equal bytes."""
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(to, format=kind, metadata=undated)
