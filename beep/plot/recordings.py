"""Pictures of a recording: its waterfall, and the keying that was found in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from beep.base.arrays import Array
from beep.base.errors import RecordingError
from beep.base.figures import with_error
from beep.base.progress import Progress, watched
from beep.fitting.fit import CarrierFit, PassFit
from beep.fitting.solve import Tones
from beep.measuring.measure import Measurement
from beep.measuring.recording import Recording
from beep.measuring.spectrogram import HEARD_HZ, spectrogram
from beep.plot.envelope import envelope
from beep.plot.panels import (
    DOWN_APART_IN,
    LEGEND_IN,
    PASS_TIME,
    channel_name,
    colour_scale,
    heard_in,
    predicted,
    waterfall_panel,
)
from beep.plot.preview import BEYOND_BAND_HZ, scenario_spectrogram
from beep.plot.style import DASHES, EDGE_IN, Paper, axes_at, framed, pass_clock, sheet, titled, utc_clock
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_comment
from beep.stream.resolve import receive
from beep.stream.words import date, footer, title

LEFT_IN, RIGHT_IN, UTC_IN = 0.86, 0.72, 0.85
TICKS_IN, PANEL_TITLE_IN, BETWEEN_IN = 0.5, 0.3, 0.25
MOST_CHANNELS = 2  # shown
SHOWN_S, AHEAD_S = 8.0, 0.3
BARS = 48
SIDES = {1: ("mono",), 2: ("left channel", "right channel")}


def waterfall(
    recording: Recording | Scenario,
    *,
    scenario: Scenario | None = None,
    curve: bool = True,
    paper: Paper | None = None,
    progress: Progress | None = None,
) -> Figure:
    """The waterfall of a recording, or of a scenario's sound at a low sample rate.

    Tone to the right, time downwards, mean power as colour from the noise floor on. With the scenario that the
    recording is of, given or in its comment, come its times, its band and, unless `curve` is false, the tones that it
    predicts. Of more than two channels the first two are shown. Raises RecordingError where it cannot be read or is
    shorter than a window.
    """
    paper = paper or Paper()
    if isinstance(recording, Scenario):
        scenario, name, numbers = recording, "the recipe's sound", scenario_spectrogram(recording)
    else:
        scenario, name = scenario or from_comment(recording.comment), Path(recording.name).name
        blocks = recording.blocks()
        if progress is not None:
            blocks = watched(blocks, recording.frames, progress)
        high_hz = scenario.high_hz + BEYOND_BAND_HZ if scenario else HEARD_HZ
        numbers = spectrogram(blocks, sample_rate_hz=recording.sample_rate_hz, high_hz=high_hz)
    reception = receive(scenario) if scenario else None
    channels = min(numbers.power.shape[0], MOST_CHANNELS)
    heading, notes = f"Waterfall of {name}", [numbers.how]
    if scenario and reception:
        notes = [title(reception), *footer(reception), *notes]
        bins = numbers.band(max(0.0, scenario.low_hz - BEYOND_BAND_HZ), scenario.high_hz + BEYOND_BAND_HZ)
    else:
        bins = numbers.band(0.0, numbers.top_hz())
    epoch = reception.epoch if reception else None
    range_db = numbers.range_db(bins)
    carriers = heard_in(scenario, channels) if scenario else []
    with sheet(paper, default_in=(10.0, 9.0), least_in=(5.0 + channels, 3.5)) as figure:
        head_in, foot_in = framed(figure, heading, notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        right_in = EDGE_IN + RIGHT_IN + 0.15 + (UTC_IN if epoch else 0.0)
        each_in = (width_in - LEFT_IN - right_in - BETWEEN_IN * (channels - 1)) / channels
        high_in = height_in - head_in - PANEL_TITLE_IN - TICKS_IN - foot_in
        for channel in range(channels):
            axes = axes_at(figure, LEFT_IN + channel * (each_in + BETWEEN_IN), foot_in + TICKS_IN, each_in, high_in)
            image = waterfall_panel(axes, numbers, channel, bins=bins, range_db=range_db, paper=paper)
            words = channel_name(carriers[channel]) if scenario else _side(channel, numbers.power.shape[0])
            if scenario and curve:
                predicted(axes, scenario, carriers[channel], until_s=numbers.duration_s)
                titled(axes, f"{words}, dashed: predicted", words)
            else:
                titled(axes, words)
            unit = pass_clock(axes.yaxis, 0.0, numbers.duration_s, length_in=high_in, apart_in=DOWN_APART_IN)
            if channel:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel(f"{PASS_TIME} / {unit}")
        if epoch:
            right = axes.secondary_yaxis("right")
            utc_clock(right.yaxis, epoch, 0.0, numbers.duration_s, length_in=high_in, apart_in=DOWN_APART_IN)
            right.set_ylabel(f"UTC, {date(epoch)}")
        scale_in = width_in - EDGE_IN - RIGHT_IN
        colour_scale(axes_at(figure, scale_in, foot_in + TICKS_IN, 0.12, high_in), image)
    return figure


def _side(channel: int, channels: int) -> str:
    return SIDES[channels][channel] if channels in SIDES else f"channel {channel + 1} of {channels}"


def keying(recording: Recording, measurements: Sequence[Measurement], *, paper: Paper | None = None) -> Figure:
    """The envelope of the first seconds with the beeps that were found, and how long beeps and pauses are.

    `measurements` are those of the recording, a row each where there are beeps. Raises RecordingError where there are
    none in any.
    """
    paper = paper or Paper()
    found = [measurement for measurement in measurements if measurement.beeps]
    if not found:
        said = "; ".join(dict.fromkeys(measurement.note for measurement in measurements if measurement.note))
        raise RecordingError(
            f"a picture of the keying needs beeps, and none were found in {recording.name}"
            f"{f' ({said})' if said else ''}; look at its waterfall"
        )
    with sheet(paper, default_in=(11.0, 2.3 + 2.7 * len(found)), least_in=(7.0, 1.5 + 2 * len(found))) as figure:
        notes = [_measured(measurement, recording.channels) for measurement in found]
        notes += _own_recipe(from_comment(recording.comment))
        head_in, foot_in = framed(figure, f"Keying of {Path(recording.name).name}", notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        row_in = (height_in - head_in - foot_in) / len(found)
        bars_in = 0.3 * (width_in - LEFT_IN - EDGE_IN)
        for row, measurement in enumerate(found):
            bottom_in = height_in - head_in - (row + 1) * row_in + TICKS_IN
            high_in = row_in - TICKS_IN - PANEL_TITLE_IN
            beats = axes_at(figure, LEFT_IN, bottom_in, width_in - LEFT_IN - bars_in - 0.85 - EDGE_IN, high_in)
            bars = axes_at(figure, width_in - bars_in - EDGE_IN - 0.1, bottom_in, bars_in, high_in)
            where = _side(measurement.channel, recording.channels)
            tone = f"{where}, {measurement.tone_hz:.0f} Hz"
            titled(beats, f"{tone}: amplitude, and the beeps found", tone)
            _beats(beats, recording, measurement, paper)
            _lengths(bars, measurement, paper)
    return figure


def _own_recipe(scenario: Scenario | None) -> list[str]:
    """What a recording's own recipe is, in words."""
    if scenario is None:
        return []
    reception = receive(scenario)
    return [f"recipe: {title(reception)}", *footer(reception)]


def _beats(axes: Axes, recording: Recording, measurement: Measurement, paper: Paper) -> None:
    pulses = measurement.pulses
    from_s = max(0.0, float(pulses.start_s[0]) - AHEAD_S)
    until_s = min(from_s + SHOWN_S, recording.duration_s)
    rate_hz = recording.sample_rate_hz
    blocks = recording.blocks(start=round(from_s * rate_hz), stop=round(until_s * rate_hz))
    samples = np.concatenate([block[:, measurement.channel] for block in blocks])
    t_s = from_s + np.arange(len(samples)) / rate_hz
    known = np.isfinite(pulses.tone_hz)
    tone_hz = np.interp(t_s, pulses.time_s[known], pulses.tone_hz[known])
    at_s, amplitude = envelope(samples, sample_rate_hz=rate_hz, tone_hz=tone_hz)
    colour = paper.colours["carriers"][0]
    axes.plot(from_s + at_s, amplitude, color=paper.colours["ink"], linewidth=0.7, gid="envelope")
    for start_s, length_s in zip(pulses.start_s, pulses.length_s, strict=True):
        if start_s < until_s:
            axes.axvspan(start_s, min(start_s + length_s, until_s), color=colour, alpha=0.25, linewidth=0, gid="beep")
    axes.set(xlim=(from_s, until_s), ylim=(0.0, 1.1 * float(amplitude.max())))
    axes.set(xlabel="time after the first sample / s", ylabel="amplitude, full scale 1")
    axes.locator_params(axis="y", nbins=5)


def _lengths(axes: Axes, measurement: Measurement, paper: Paper) -> None:
    pulse_ms, pause_ms = (1e3 * lengths_s for lengths_s in lengths(measurement))
    every = np.concatenate([pulse_ms, pause_ms])
    if every.size:
        low_ms, high_ms = np.percentile(every, (1, 99))
        beyond_ms = 0.25 * max(high_ms - low_ms, 10.0)
        edges = np.linspace(low_ms - beyond_ms, high_ms + beyond_ms, BARS + 1)
        labels = []
        for values_ms, word in ((pulse_ms, "beeps"), (pause_ms, "pauses")):
            outside = int(np.count_nonzero((values_ms < edges[0]) | (values_ms > edges[-1])))
            labels.append(f"{word}: {len(values_ms)}" + (f", {outside} outside" if outside else ""))
        _, _, bars = axes.hist([pulse_ms, pause_ms], edges, color=paper.colours["carriers"], label=labels, rwidth=1.0)
        for bar in bars[1]:
            bar.set(hatch="////", edgecolor=paper.colours["paper"], linewidth=0.0)
        high_in = axes.get_position().height * axes.get_figure(root=True).get_size_inches()[1]
        axes.set_ylim(0, axes.get_ylim()[1] / (1 - 2 * LEGEND_IN / high_in))
        axes.legend(loc="upper right", handlelength=1.4)
    axes.set(xlabel="length at half amplitude / ms")
    titled(axes, "how many are how long")
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=5, integer=True)


def measured(measurement: Measurement, *, paper: Paper | None = None) -> Figure:
    """The tone of every beep of a measurement with its standard error, and how long beeps and pauses are."""
    paper = paper or Paper()
    with sheet(paper, default_in=(11.0, 4.5), least_in=(6.0, 3.0)) as figure:
        head_in, foot_in = framed(figure, "Beeps as measured", [_measured(measurement, 1)], paper=paper)
        width_in, height_in = figure.get_size_inches()
        high_in = height_in - head_in - foot_in - TICKS_IN - PANEL_TITLE_IN
        bars_in = 0.35 * (width_in - LEFT_IN - EDGE_IN)
        tones = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, width_in - LEFT_IN - bars_in - 0.8 - EDGE_IN, high_in)
        bars = axes_at(figure, width_in - bars_in - EDGE_IN - 0.1, foot_in + TICKS_IN, bars_in, high_in)
        _tones(tones, measurement, paper)
        _lengths(bars, measurement, paper)
    return figure


def _tones(axes: Axes, measurement: Measurement, paper: Paper) -> None:
    pulses = measurement.pulses
    dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.7, "linewidth": 0}
    axes.errorbar(
        pulses.time_s, pulses.tone_hz, pulses.tone_sd_hz, color=paper.colours["carriers"][0], gid="tones", **dots
    )
    until_s = float(np.nanmax(pulses.time_s + pulses.length_s))
    axes.set_xlim(0.0, until_s)
    width_in = axes.get_position().width * axes.get_figure(root=True).get_size_inches()[0]
    unit = pass_clock(axes.xaxis, 0.0, until_s, length_in=width_in)
    axes.set(xlabel=f"{PASS_TIME} / {unit}", ylabel="tone / Hz")
    titled(axes, "tone of every beep, with its standard error", "tone of every beep")


def fit(
    found: PassFit,
    tones: Sequence[Tones],
    *,
    name: str = "a recording",
    scenario: Scenario | None = None,
    paper: Paper | None = None,
) -> Figure:
    """Tones as measured with the curve fitted to them, and below what remains, each with its standard error.

    `tones` are those that the fit was made of. Hollow marks are outliers, which it left out; a residual too large for
    the picture is at its edge. The recipe of the recording, if it has one, is named in the footer and nowhere used.
    """
    paper = paper or Paper()
    with sheet(paper, default_in=(10.0, 7.5), least_in=(6.0, 4.5)) as figure:
        head_in, foot_in = framed(
            figure, f"Pass fitted to {name}", [*_fitted(found), *_own_recipe(scenario)], paper=paper
        )
        width_in, height_in = figure.get_size_inches()
        free_in = height_in - head_in - foot_in - TICKS_IN - PANEL_TITLE_IN - 0.1
        across_in = width_in - LEFT_IN - 0.3
        rest_in = 0.35 * free_in
        rest = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, across_in, rest_in)
        upper = axes_at(
            figure, LEFT_IN, foot_in + TICKS_IN + 0.35 * free_in + PANEL_TITLE_IN, across_in, 0.65 * free_in
        )
        until_s = max(float(one.t_s.max()) for one in found.carriers)
        spread_hz = 0.0
        for number, (one, heard) in enumerate(zip(found.carriers, tones, strict=True)):
            spread_hz = max(spread_hz, _fitted_carrier(upper, rest, one, heard, number, paper))
        for axes in (upper, rest):
            axes.set_xlim(0.0, until_s)
            if 0 <= found.tca_s.value <= until_s:
                axes.axvline(found.tca_s.value, color=paper.colours["mark"], linewidth=1.0, linestyle=":", zorder=1.5)
        unit = pass_clock(rest.xaxis, 0.0, until_s, length_in=across_in)
        upper.set_xticks(rest.get_xticks(), [])
        rest.axhline(0.0, color=paper.colours["soft"], linewidth=0.8, zorder=1.4)
        rest.set(ylim=(-spread_hz, spread_hz), xlabel=f"{PASS_TIME} / {unit}", ylabel="residual / Hz")
        upper.set_ylabel("tone / Hz")
        upper.legend(loc="best", handlelength=2.4)
        outliers = "; hollow: outliers, left out" if not all(one.used.all() for one in found.carriers) else ""
        titled(rest, f"what remains, with standard errors{outliers}", "what remains")
    return figure


def _fitted_carrier(upper: Axes, rest: Axes, one: CarrierFit, heard: Tones, number: int, paper: Paper) -> float:
    """Draw one carrier; returns up to where residuals matter, Hz."""
    colour = paper.colours["carriers"][number % 2]
    order = np.argsort(heard.t_s)
    at = order[np.searchsorted(heard.t_s[order], one.t_s)]  # the fit leaves out tones that are not numbers
    tone_hz, sd_hz = heard.tone_hz[at], heard.sd_hz[at]
    spread_hz = 4 * float(np.sqrt(np.mean(one.residual_hz[one.used] ** 2) + np.median(sd_hz) ** 2))
    shown_hz = np.clip(one.residual_hz, -0.97 * spread_hz, 0.97 * spread_hz)
    dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.6, "linewidth": 0, "color": colour}
    name = f"{one.frequency_hz / 1e6:g} MHz"
    upper.errorbar(one.t_s, tone_hz, sd_hz, gid=f"tones_{number}", label=f"{name}, measured", **dots)
    line: dict[str, Any] = {
        "color": paper.colours["ink"],
        "linestyle": DASHES[number % 2],
        "linewidth": 0.9,
        "zorder": 3,
    }
    upper.plot(one.t_s, tone_hz - one.residual_hz, label=f"{name}, fitted", gid=f"fitted_{number}", **line)
    rest.errorbar(one.t_s[one.used], shown_hz[one.used], sd_hz[one.used], gid=f"residuals_{number}", **dots)
    out = ~one.used
    rest.plot(one.t_s[out], shown_hz[out], "o", color=colour, markersize=4, fillstyle="none", gid=f"outliers_{number}")
    return spread_hz


def _fitted(found: PassFit) -> list[str]:
    """The result in words, with standard errors."""
    values = {
        "closest approach after": (found.tca_s, "s"),
        "distance": (found.distance_km, "km"),
        "speed": (found.speed_km_s, "km/s"),
        "tone without Doppler": (found.f0_hz, "Hz"),
    }
    lines = [f"model: {found.model}"]
    lines += [f"{name} {with_error(one.value, one.sd, unit)}" for name, (one, unit) in values.items()]
    lines.append(f"residuals {found.residual_rms_hz:.2g} Hz rms")
    return [*lines, "standard errors, without the bias of the model, which beep fit prints"]


def lengths(measurement: Measurement) -> tuple[Array, Array]:
    """Lengths in seconds of the whole, single beeps, and of the pauses between beeps that follow each other."""
    pulses = measurement.pulses
    single = pulses.whole & (pulses.slots == 1)
    follows = pulses.slot[1:] == pulses.slot[:-1] + pulses.slots[:-1]
    pause_s = pulses.start_s[1:] - pulses.start_s[:-1] - pulses.length_s[:-1]
    return pulses.length_s[single], pause_s[follows]


def _measured(measurement: Measurement, channels: int) -> str:
    m = measurement
    side = f"{_side(m.channel, channels)}: " if channels > 1 else ""
    fits = "" if m.keying == "none" else f", keyed like {m.keying}"
    return (
        f"{side}{m.beeps} beeps, pulse {m.pulse_s * 1e3:.1f} ms, pause {m.pause_s * 1e3:.1f} ms, "
        f"period {m.period_s * 1e3:.2f} ms{fits}, SNR {m.snr_db:.0f} dB in {m.snr_bandwidth_hz:g} Hz"
    )
