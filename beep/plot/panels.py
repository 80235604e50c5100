"""Parts of pictures: Doppler curve, elevation and level, sky plot, waterfalls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke

from beep.base.arrays import Array
from beep.measuring.spectrogram import Spectrogram
from beep.plot.preview import BEYOND_BAND_HZ
from beep.plot.style import DASHES, EDGE_IN, LEFT_IN, RIGHT_IN, Paper, axes_at, pass_clock, size_in, titled, utc_clock
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.stream.reception import Reception
from beep.stream.track import track
from beep.stream.words import date, minutes, moment

PASS_TIME = "time after the first sample"
LEGEND_IN = 0.28  # height of a panel kept free of curves
POINTS = 1201
PREDICTED_POINTS = 601
LEVEL_SPAN_DB = 40.0
DOWN_APART_IN = 0.28  # between tick labels one below the other
BETWEEN_IN = 0.25  # between waterfalls
TALL_IN = 3.0  # from here on a long label fits beside a panel
NEVER_UP = "below the horizon for the whole recording"
PREDICTED: dict[str, Any] = {  # white on black is visible on every colour, and the waterfall between the dashes
    "color": "white", "linewidth": 0.9, "linestyle": (0, (4, 12)), "dash_capstyle": "butt",
    "path_effects": [withStroke(linewidth=2.0, foreground="black")],
}  # fmt: skip
GUIDE_SHARE = 0.02  # of the panel's width, between the predicted tone and each line
SHOWN_CHANNELS = 2
SIDES = {1: ("mono",), 2: ("left channel", "right channel")}


def truth_of(reception: Reception, t_s: Array | None = None) -> dict[str, Array]:
    """Columns of `track` at times (N,), or over the recording; what is received is nan below the horizon."""
    table = track(reception, np.linspace(0.0, reception.duration_s, POINTS) if t_s is None else t_s)
    received = [name for name in table if name.startswith(("doppler_", "tone_", "level_"))]
    return table | {name: np.where(table["elevation_deg"] > 0, table[name], np.nan) for name in received}


def carrier_style(number: int, paper: Paper) -> dict[str, Any]:
    """Colour and dashes of a carrier's line."""
    return {"color": paper.colours["carriers"][number % 2], "linestyle": DASHES[number % 2]}


def mark_time(axes: Axes, t_s: float, paper: Paper) -> None:
    """Draw a vertical line at closest approach."""
    axes.axvline(t_s, color=paper.colours["mark"], linewidth=1.0, linestyle=":", zorder=1.5)


def s_curve(axes: Axes, reception: Reception, truth: dict[str, Array], paper: Paper) -> None:
    """Draw the Doppler shift of every carrier against time."""
    largest_hz = 10.0
    for number, carrier in enumerate(reception.scenario.carriers):
        name = f"doppler_{reception.scenario.names[number]}"
        doppler_hz = truth[f"{name}_hz"]
        label = f"{carrier.frequency_mhz:g} MHz"
        axes.plot(truth["t_s"], doppler_hz, label=label, gid=name, **carrier_style(number, paper))
        if np.isfinite(doppler_hz).any():
            largest_hz = max(largest_hz, 1.12 * float(np.nanmax(np.abs(doppler_hz))))
    axes.set(xlim=(0.0, reception.duration_s), ylim=(-largest_hz, largest_hz), ylabel="Doppler / Hz")
    axes.axhline(0.0, color=paper.colours["soft"], linewidth=0.8, zorder=1.4)
    axes.legend(loc="upper right", handlelength=2.6)
    tca_s = reception.tca_s
    if not (truth["elevation_deg"] > 0).any():
        axes.text(0.5, 0.2, NEVER_UP, transform=axes.transAxes, ha="center", va="center", color=paper.colours["soft"])
    elif 0 <= tca_s <= reception.duration_s:
        mark_time(axes, tca_s, paper)
        side = "right" if tca_s > 0.25 * reception.duration_s else "left"  # the edge of the text beside the line
        words = f" TCA (closest) \n {_clock(reception, tca_s)} "
        place = {"transform": axes.get_xaxis_transform(), "ha": side, "va": "bottom"}
        axes.text(tca_s, 0.03, words, color=paper.colours["mark"], size=8.5, **place)


def _clock(reception: Reception, t_s: float) -> str:
    """UTC, or minutes and seconds after the first sample where there is no date."""
    return moment(reception.epoch, t_s).split(" ")[1] if reception.epoch else minutes(t_s)


def clocks(top: Axes, bottom: Axes, reception: Reception) -> None:
    """Label the time after the first sample below the bottom axes, and UTC, if there is a date, above the top axes."""
    width_in, _ = size_in(bottom)
    unit = pass_clock(bottom.xaxis, reception.duration_s, length_in=width_in)
    bottom.set_xlabel(f"{PASS_TIME} / {unit}")
    if top is not bottom:
        top.set_xticks(bottom.get_xticks(), [])
    if reception.epoch is not None:
        above = top.secondary_xaxis("top")
        utc_clock(above.xaxis, reception.epoch, reception.duration_s, length_in=width_in)
        above.set_xlabel(f"UTC, {date(reception.epoch)}")


def elevation_and_level(axes: Axes, reception: Reception, truth: dict[str, Array], paper: Paper) -> None:
    """Draw elevation on the left axis, and the level of every carrier on the right axis."""
    t_s, ink = truth["t_s"], paper.colours["ink"]
    (elevation,) = axes.plot(t_s, truth["elevation_deg"], color=ink, linewidth=1.2, gid="elevation")
    _, high_in = size_in(axes)
    room = 1 / (1 - LEGEND_IN / high_in)
    highest_deg = room * max(10.0, 1.05 * float(truth["elevation_deg"].max()))
    axes.set(xlim=(0.0, reception.duration_s), ylim=(0.0, highest_deg), ylabel="elevation / \N{DEGREE SIGN}")
    if 0 <= reception.tca_s <= reception.duration_s:
        mark_time(axes, reception.tca_s, paper)
    right = axes.twinx()
    right.grid(visible=False)
    scenario = reception.scenario
    top_db = scenario.level_dbfs
    for number, name in enumerate(scenario.names):
        level_db = truth[f"level_{name}_db"]
        right.plot(t_s, level_db, gid=f"level_{name}", **carrier_style(number, paper))
        top_db = max(top_db, float(np.max(level_db[np.isfinite(level_db)], initial=top_db)))
    right.set(ylim=(top_db - LEVEL_SPAN_DB, top_db + (1.05 * room - 1) * LEVEL_SPAN_DB), ylabel="level / dBFS")
    lines = [elevation, *right.get_lines()]
    labels = ["elevation", *(f"level {name}" for name in scenario.names)]
    right.legend(lines, labels, loc="upper center", ncols=3, columnspacing=1.2, handlelength=2.2, borderaxespad=0.2)
    axes.locator_params(axis="y", nbins=4)
    low_db, high_db = right.get_ylim()
    right.set_yticks([db for db in range(0, -200, -10 if high_in > 1.2 else -20) if low_db <= db <= high_db])


def sky(axes: Any, reception: Reception, truth: dict[str, Array], paper: Paper) -> None:
    """Draw the track over the sky: zenith in the middle, north at the top, east on the right."""
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_rlim(0, 90)
    axes.set_thetagrids((0, 90, 180, 270), ("N", "E", "S", "W"))
    axes.tick_params(pad=-1)
    axes.set_facecolor(paper.colours["paper"])
    up = truth["elevation_deg"] > 0
    angle_rad, zenith_deg = np.radians(truth["azimuth_deg"][up]), 90 - truth["elevation_deg"][up]
    ink, soft, mark = (paper.colours[use] for use in ("ink", "soft", "mark"))
    axes.spines["polar"].set_color(soft)
    opposite_deg = np.degrees(angle_rad[zenith_deg.argmin()]) + 180 if up.any() else 22.5  # far from the track
    axes.set_rgrids((30, 60), ("60\N{DEGREE SIGN}", "30\N{DEGREE SIGN}"), angle=opposite_deg, size=7)
    if not up.any():
        axes.text(0.5, 0.5, "not risen", transform=axes.transAxes, ha="center", va="center", color=soft)
        return
    axes.plot(angle_rad, zenith_deg, color=ink, linewidth=1.6, gid="sky")
    for t_s, shape in _events(reception, truth):
        number = int(np.argmin(np.abs(truth["t_s"][up] - t_s)))
        point: dict[str, Any] = {"color": mark, "markeredgecolor": ink, "markersize": 6, "clip_on": False}
        axes.plot(angle_rad[number], zenith_deg[number], shape, zorder=3, **point)


def _events(reception: Reception, truth: dict[str, Array]) -> list[tuple[float, str]]:
    """First and last time above the horizon, and closest approach if it is between them, each with its marker."""
    t_s, elevation_deg = truth["t_s"], truth["elevation_deg"]
    first, last = np.flatnonzero(elevation_deg > 0)[[0, -1]]
    ends_s = []
    for inner, outer in ((first, max(first - 1, 0)), (last, min(last + 1, len(t_s) - 1))):
        share = elevation_deg[inner] / (elevation_deg[inner] - elevation_deg[outer]) if inner != outer else 0.0
        ends_s.append(float(t_s[inner] + share * (t_s[outer] - t_s[inner])))
    closest = [(reception.tca_s, "D")] if ends_s[0] <= reception.tca_s <= ends_s[1] else []
    return [(ends_s[0], "o"), *closest, (ends_s[1], "s")]


def facts(reception: Reception, truth: dict[str, Array]) -> str:
    """AOS, TCA and LOS in words, with the markers of the sky plot."""
    if not (truth["elevation_deg"] > 0).any():
        return "below the horizon\nthroughout"
    lines = []
    for t_s, shape in _events(reception, truth):
        row = {name: float(column[0]) for name, column in track(reception, [t_s]).items() if name != "utc"}
        cut = row["elevation_deg"] > 1  # the recording begins or ends while the satellite is up
        sign, event = {
            "o": ("\N{BLACK CIRCLE}", "start" if cut else "AOS (rise)"),
            "D": ("\N{BLACK DIAMOND}", "TCA (closest)"),
            "s": ("\N{BLACK SQUARE}", "end" if cut else "LOS (set)"),
        }[shape]
        lines.append(f"{sign} {event:13} {_clock(reception, t_s):<8} az {row['azimuth_deg']:3.0f}\N{DEGREE SIGN}")
        if shape == "D":
            lines.append(f"  {row['range_km']:.0f} km, elevation {row['elevation_deg']:.0f}\N{DEGREE SIGN}")
    return "\n".join(lines)


def waterfalls(
    figure: Figure,
    numbers: Spectrogram,
    reception: Reception | None,
    *,
    bottom_in: float,
    height_in: float,
    room_in: float = 0.0,
    curve: bool = True,
    start_s: float = 0.0,
    paper: Paper,
) -> Axes:
    """Draw a waterfall of each channel, at most two, side by side with one colour scale; return the last axes.

    With a reception they show its filter's band and, with `curve`, the predicted tones; the waterfall begins `start_s`
    after the first sample of the reception. `room_in` remains free beside the last one.
    """
    recorded = numbers.power.shape[0]
    count = min(recorded, SHOWN_CHANNELS)
    names = [side_name(channel, recorded) for channel in range(count)]
    carriers: list[tuple[Carrier, ...]] = []
    low_hz, high_hz = 0.0, numbers.top_hz()
    if reception:
        scenario = reception.scenario
        low_hz, high_hz = max(0.0, scenario.low_hz - BEYOND_BAND_HZ), scenario.high_hz + BEYOND_BAND_HZ
        carriers = _carriers_of(scenario, count)
        names = [" and ".join(f"{carrier.frequency_mhz:g} MHz" for carrier in together) for together in carriers]
        if scenario.sideband == "lower" and scenario.detector == "cw":
            names = [f"{name}, lower sideband" for name in names]
    bins = numbers.band(low_hz, high_hz)
    right_in = figure.get_size_inches()[0] - RIGHT_IN - EDGE_IN
    panel_in = (right_in - 0.15 - room_in - LEFT_IN - BETWEEN_IN * (count - 1)) / count
    for channel, name in enumerate(names):
        axes = axes_at(figure, LEFT_IN + channel * (panel_in + BETWEEN_IN), bottom_in, panel_in, height_in)
        image = _waterfall(axes, numbers, channel, bins, paper)
        if reception and curve:
            _predicted(axes, reception, carriers[channel], start_s=start_s, duration_s=numbers.duration_s)
        titled(axes, *([f"{name}, predicted between the dashes"] if reception and curve else []), name)
        unit = pass_clock(axes.yaxis, numbers.duration_s, length_in=height_in, apart_in=DOWN_APART_IN)
        if channel:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel(f"{PASS_TIME if height_in > TALL_IN else 'time'} / {unit}")
    scale = figure.colorbar(image, cax=axes_at(figure, right_in, bottom_in, 0.12, height_in))
    scale.set_label("dB, 0 = sine of full scale" if height_in > TALL_IN / 2 else "dBFS")
    scale.outline.set_linewidth(0.6)
    return axes


def _waterfall(axes: Axes, numbers: Spectrogram, channel: int, bins: slice, paper: Paper) -> AxesImage:
    """Draw the mean power of a channel, frequency to the right and time downwards."""
    frequency_hz = numbers.frequency_hz[bins]
    edge_hz, edge_s = numbers.bin_hz / 2, numbers.row_s / 2
    first_s = numbers.t_s[0] - edge_s
    last_s = first_s + len(numbers.t_s) * numbers.row_s
    least_db, most_db = numbers.range_db(bins)
    image = axes.imshow(
        numbers.level_db()[channel][:, bins],
        aspect="auto",
        origin="upper",
        extent=(frequency_hz[0] - edge_hz, frequency_hz[-1] + edge_hz, last_s, first_s),
        cmap=paper.colours["map"],
        vmin=least_db,
        vmax=most_db,
        gid=f"waterfall_{channel}",
    )
    axes.set_facecolor(image.get_cmap()(0.0))
    axes.set(ylim=(numbers.duration_s, 0.0), xlabel="tone / Hz")
    axes.grid(visible=False)
    return image


def _predicted(
    axes: Axes, reception: Reception, carriers: Sequence[Carrier], *, start_s: float, duration_s: float
) -> None:
    """Draw thin dashed lines on both sides of the predicted tones over a waterfall that begins at `start_s`."""
    truth = truth_of(reception, start_s + np.linspace(0.0, duration_s, PREDICTED_POINTS))
    limits = axes.get_xlim()
    for carrier in carriers:
        name = reception.scenario.name_of(carrier)
        tone_hz = np.abs(truth[f"tone_{name}_hz"])  # below zero beat it rises again
        for side, share in (("low", -GUIDE_SHARE), ("high", GUIDE_SHARE)):
            beside_hz = tone_hz + share * (limits[1] - limits[0])
            axes.plot(beside_hz, truth["t_s"] - start_s, gid=f"predicted_{name}_{side}", **PREDICTED)
    axes.set_xlim(limits)


def _carriers_of(scenario: Scenario, channels: int) -> list[tuple[Carrier, ...]]:
    """Carriers in each channel of a recording of the scenario; all carriers if it has another number of channels."""
    if channels == scenario.channels and scenario.mix != "mono":
        return [(carrier,) for carrier in scenario.heard]
    return [scenario.heard] * channels


def side_name(channel: int, channels: int) -> str:
    """Name of a channel in a recording with so many channels."""
    return SIDES[channels][channel] if channels in SIDES else f"channel {channel + 1} of {channels}"
