"""Parts of pictures: the S-curve, elevation and level, the sky, and a waterfall."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke

from beep.base.arrays import Array
from beep.measuring.spectrogram import Spectrogram
from beep.plot.style import DASHES, Paper, pass_clock, utc_clock
from beep.scenario.scenario import Carrier, Scenario
from beep.stream.reception import Reception
from beep.stream.track import track
from beep.stream.words import date, minutes, moment

PASS_TIME = "time after the first sample"
LEGEND_IN = 0.28  # of a panel, kept free of curves
POINTS = 1201
CURVE_POINTS = 601
LEVEL_SPAN_DB = 40.0
DOWN_APART_IN = 0.28  # between times that stand one below the other
NEVER_UP = "below the horizon for the whole recording"
GAPS: Any = (0, (4, 12))  # through which what is beneath can be seen
OUTLINED = [withStroke(linewidth=2.0, foreground="black")]  # white on black is seen on every colour


def truth_of(scenario: Scenario, reception: Reception) -> dict[str, Array]:
    """Columns of `track` over the recording; what is heard is nan below the horizon."""
    t_s = np.linspace(0.0, reception.duration_s, POINTS)
    table = {name: np.asarray(column) for name, column in track(scenario, t_s).items()}
    down = table["elevation_deg"] <= 0
    for name in table:
        if name.startswith(("doppler_", "tone_", "level_")):
            table[name] = np.where(down, np.nan, table[name])
    return table


def carrier_style(number: int, paper: Paper) -> dict[str, Any]:
    """Colour and dashes of a carrier's line."""
    return {"color": paper.colours["carriers"][number % 2], "linestyle": DASHES[number % 2]}


def mark_closest(axes: Axes, reception: Reception, paper: Paper) -> bool:
    """A line at closest approach, where the recording has it."""
    inside = 0 <= reception.tca_s <= reception.duration_s
    if inside:
        axes.axvline(reception.tca_s, color=paper.colours["mark"], linewidth=1.0, linestyle=":", zorder=1.5)
    return inside


def s_curve(axes: Axes, scenario: Scenario, truth: dict[str, Array], reception: Reception, paper: Paper) -> None:
    """Doppler of every carrier against time."""
    largest_hz = 10.0
    for number, carrier in enumerate(scenario.carriers):
        doppler_hz = truth[f"doppler_{scenario.name_of(carrier)}_hz"]
        label = f"{carrier.frequency_mhz:g} MHz"
        axes.plot(
            truth["t_s"],
            doppler_hz,
            label=label,
            gid=f"doppler_{scenario.name_of(carrier)}",
            **carrier_style(number, paper),
        )
        if np.isfinite(doppler_hz).any():
            largest_hz = max(largest_hz, 1.12 * float(np.nanmax(np.abs(doppler_hz))))
    axes.set(xlim=(0.0, reception.duration_s), ylim=(-largest_hz, largest_hz), ylabel="Doppler / Hz")
    axes.axhline(0.0, color=paper.colours["soft"], linewidth=0.8, zorder=1.4)
    axes.legend(loc="upper right", handlelength=2.6)
    if not np.isfinite(truth[f"doppler_{scenario.names[0]}_hz"]).any():
        axes.text(0.5, 0.2, NEVER_UP, transform=axes.transAxes, ha="center", va="center", color=paper.colours["soft"])
    elif mark_closest(axes, reception, paper):
        early = reception.tca_s < reception.duration_s / 2
        axes.annotate(
            "closest\n" + _when(reception, reception.tca_s),
            (reception.tca_s, 0.03),
            xycoords=("data", "axes fraction"),
            xytext=(-5, 0) if not early or reception.tca_s > 0.25 * reception.duration_s else (5, 0),
            textcoords="offset points",
            ha="right" if not early or reception.tca_s > 0.25 * reception.duration_s else "left",
            va="bottom",
            color=paper.colours["mark"],
            size=8.5,
        )


def _when(reception: Reception, t_s: float) -> str:
    return moment(reception.epoch, t_s).split(" ")[1] if reception.epoch else minutes(t_s)


def clocks(top: Axes, bottom: Axes, reception: Reception) -> None:
    """Pass time below the lowest of stacked axes, and UTC, if there is a date, above the highest."""
    width_in = bottom.get_position().width * bottom.get_figure(root=True).get_size_inches()[0]
    unit = pass_clock(bottom.xaxis, 0.0, reception.duration_s, length_in=width_in)
    bottom.set_xlabel(f"{PASS_TIME} / {unit}")
    if top is not bottom:
        top.set_xticks(bottom.get_xticks(), [])
    if reception.epoch is not None:
        above = top.secondary_xaxis("top")
        utc_clock(above.xaxis, reception.epoch, 0.0, reception.duration_s, length_in=width_in)
        above.set_xlabel(f"UTC, {date(reception.epoch)}")


def heights_and_levels(
    axes: Axes, scenario: Scenario, truth: dict[str, Array], reception: Reception, paper: Paper
) -> None:
    """Elevation on the left axis, the level of every carrier on the right one."""
    ink = paper.colours["ink"]
    (height,) = axes.plot(truth["t_s"], truth["elevation_deg"], color=ink, linewidth=1.2, gid="elevation")
    high_in = axes.get_position().height * axes.get_figure(root=True).get_size_inches()[1]
    room = 1 / (1 - LEGEND_IN / high_in)
    highest_deg = room * max(10.0, 1.05 * float(truth["elevation_deg"].max()))
    axes.set(xlim=(0.0, reception.duration_s), ylim=(0.0, highest_deg), ylabel="elevation / \N{DEGREE SIGN}")
    mark_closest(axes, reception, paper)
    right = axes.twinx()
    right.grid(visible=False)
    top_db = scenario.level_dbfs
    for number, carrier in enumerate(scenario.carriers):
        level_db = truth[f"level_{scenario.name_of(carrier)}_db"]
        right.plot(truth["t_s"], level_db, gid=f"level_{scenario.name_of(carrier)}", **carrier_style(number, paper))
        heard_db = level_db[np.isfinite(level_db)]
        top_db = max(top_db, float(heard_db.max())) if heard_db.size else top_db
    right.set(ylim=(top_db - LEVEL_SPAN_DB, top_db + (1.05 * room - 1) * LEVEL_SPAN_DB), ylabel="level / dBFS")
    lines = [height, *right.get_lines()]
    labels = ["elevation", *(f"level {scenario.name_of(carrier)}" for carrier in scenario.carriers)]
    right.legend(lines, labels, loc="upper center", ncols=3, columnspacing=1.2, handlelength=2.2, borderaxespad=0.2)
    axes.locator_params(axis="y", nbins=4)
    low_db, high_db = right.get_ylim()
    step_db = 10 if high_in > 1.2 else 20
    right.set_yticks([db for db in range(0, -200, -step_db) if low_db <= db <= high_db])


def sky(axes: Any, truth: dict[str, Array], reception: Reception, paper: Paper) -> None:
    """The track over the sky, zenith in the middle, north at the top, east on the right, as on a map of the ground."""
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_rlim(0, 90)
    axes.set_thetagrids((0, 90, 180, 270), ("N", "E", "S", "W"))
    axes.tick_params(pad=-1)
    axes.set_facecolor(paper.colours["paper"])
    up = truth["elevation_deg"] > 0
    angle_rad, zenith_deg = np.radians(truth["azimuth_deg"][up]), 90 - truth["elevation_deg"][up]
    axes.set_rgrids(
        (30, 60), ("60\N{DEGREE SIGN}", "30\N{DEGREE SIGN}"), angle=_free_deg(angle_rad, zenith_deg), size=7
    )
    axes.spines["polar"].set_color(paper.colours["soft"])
    if not up.any():
        axes.text(
            0.5, 0.5, "not risen", transform=axes.transAxes, ha="center", va="center", color=paper.colours["soft"]
        )
        return
    ink, mark = paper.colours["ink"], paper.colours["mark"]
    axes.plot(angle_rad, zenith_deg, color=ink, linewidth=1.6, gid="sky")
    for t_s, shape in _moments(truth, reception):
        number = int(np.argmin(np.abs(truth["t_s"][up] - t_s)))
        axes.plot(
            angle_rad[number], zenith_deg[number], shape, color=mark, markersize=6, markeredgecolor=ink, zorder=3,
            clip_on=False,
        )  # fmt: skip


def _moments(truth: dict[str, Array], reception: Reception) -> list[tuple[float, str]]:
    """First and last moment above the horizon, and closest approach between them, each with its marker."""
    t_s, elevation_deg = truth["t_s"], truth["elevation_deg"]
    first, last = np.flatnonzero(elevation_deg > 0)[[0, -1]]
    ends = []
    for inner, outer in ((first, max(first - 1, 0)), (last, min(last + 1, len(t_s) - 1))):
        share = elevation_deg[inner] / (elevation_deg[inner] - elevation_deg[outer]) if inner != outer else 0.0
        ends.append(float(t_s[inner] + share * (t_s[outer] - t_s[inner])))
    found = [(ends[0], "o"), (ends[1], "s")]
    return [*found, (reception.tca_s, "D")] if ends[0] <= reception.tca_s <= ends[1] else found


def _free_deg(angle_rad: Array, zenith_deg: Array) -> float:
    """Direction of the elevations' labels that lies farthest from the track."""
    candidates = np.radians(np.arange(22.5, 360, 45))
    if not angle_rad.size:
        return 22.5
    track_xy = np.stack([zenith_deg * np.sin(angle_rad), zenith_deg * np.cos(angle_rad)])
    labels_xy = 45 * np.stack([np.sin(candidates), np.cos(candidates)])
    distance = np.hypot(*(labels_xy[:, :, None] - track_xy[:, None, :])).min(axis=1)
    return float(np.degrees(candidates[distance.argmax()]))


def facts(scenario: Scenario, truth: dict[str, Array], reception: Reception) -> str:
    """Rise, closest approach and set, a line each, with the markers of the sky track."""
    up = truth["elevation_deg"] > 0
    if not up.any():
        return "below the horizon\nthroughout"
    lines = {}
    for t_s, shape in _moments(truth, reception):
        seen = {name: float(column[0]) for name, column in track(scenario, [t_s]).items() if name != "utc"}
        sign, word = {
            "o": ("\N{BLACK CIRCLE}", "rise"),
            "D": ("\N{BLACK DIAMOND}", "closest"),
            "s": ("\N{BLACK SQUARE}", "set"),
        }[shape]
        if shape != "D" and seen["elevation_deg"] > 1:
            word = {"o": "start", "s": "end"}[shape]
        line = f"{sign} {word:8}{_when(reception, t_s):<8}  az {seen['azimuth_deg']:3.0f}\N{DEGREE SIGN}"
        if shape == "D":
            line += f"\n{'':10}{seen['range_km']:.0f} km, {seen['elevation_deg']:.0f}\N{DEGREE SIGN} high"
        lines[shape] = line
    return "\n".join(lines[shape] for shape in "oDs" if shape in lines)


def waterfall_panel(
    axes: Axes, numbers: Spectrogram, channel: int, *, bins: slice, range_db: tuple[float, float], paper: Paper
) -> AxesImage:
    """Mean power of a channel, frequency to the right and time downwards."""
    colour_map = paper.colours["map"]
    frequency_hz = numbers.frequency_hz[bins]
    edge_hz, edge_s = numbers.bin_hz / 2, numbers.row_s / 2
    rows = len(numbers.t_s)
    first_s = numbers.t_s[0] - edge_s
    image = axes.imshow(
        numbers.level_db()[channel][:, bins],
        aspect="auto",
        origin="upper",
        extent=(frequency_hz[0] - edge_hz, frequency_hz[-1] + edge_hz, first_s + rows * numbers.row_s, first_s),
        cmap=colour_map,
        vmin=range_db[0],
        vmax=range_db[1],
        gid=f"waterfall_{channel}",
    )
    axes.set_facecolor(image.get_cmap()(0.0))
    axes.set(ylim=(numbers.duration_s, 0.0), xlabel="tone / Hz")
    axes.grid(visible=False)
    return image


def predicted(axes: Axes, scenario: Scenario, carriers: Sequence[Carrier], *, until_s: float) -> None:
    """The tones that a scenario predicts, as thin broken lines over a waterfall."""
    t_s = np.linspace(0.0, until_s, CURVE_POINTS)
    table = track(scenario, t_s)
    down = np.asarray(table["elevation_deg"], np.float64) <= 0
    limits = axes.get_xlim()
    for carrier in carriers:
        tone_hz = np.abs(
            np.asarray(table[f"tone_{scenario.name_of(carrier)}_hz"], np.float64)
        )  # beyond zero beat it rises again
        axes.plot(
            np.where(down, np.nan, tone_hz), t_s, color="white", linewidth=0.9, linestyle=GAPS, dash_capstyle="butt",
            path_effects=OUTLINED, gid=f"predicted_{scenario.name_of(carrier)}",
        )  # fmt: skip
    axes.set_xlim(limits)


def colour_scale(axes: Axes, image: AxesImage) -> Colorbar:
    """The scale of levels beside waterfalls."""
    scale = axes.get_figure(root=True).colorbar(image, cax=axes)
    scale.set_label("dB, 0 = sine of full scale")
    scale.outline.set_linewidth(0.6)
    return scale


def heard_in(scenario: Scenario, channels: int) -> list[tuple[Carrier, ...]]:
    """The carriers in each channel of a recording of the scenario; of another one with other channels, all in each."""
    if channels == scenario.channels and scenario.mix != "mono":
        return [(carrier,) for carrier in scenario.heard]
    return [scenario.heard] * channels


def channel_name(carriers: Sequence[Carrier]) -> str:
    """What a channel has, in MHz."""
    return " and ".join(f"{carrier.frequency_mhz:g} MHz" for carrier in carriers)
