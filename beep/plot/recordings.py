"""Pictures of a recording: its waterfall, its beeps, and the pass fitted to their tones."""

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
from beep.measuring.measure import Measurement
from beep.measuring.recording import Recording
from beep.measuring.spectrogram import HEARD_HZ, spectrogram
from beep.plot.envelope import envelope
from beep.plot.panels import DOWN_APART_IN, LEGEND_IN, PASS_TIME, carriers_of, channel_name, mark_time, waterfalls
from beep.plot.preview import BEYOND_BAND_HZ, scenario_spectrogram
from beep.plot.style import (
    DASHES,
    EDGE_IN,
    LEFT_IN,
    PANEL_TITLE_IN,
    RIGHT_IN,
    TICKS_IN,
    Paper,
    axes_at,
    framed,
    pass_clock,
    sheet,
    titled,
    utc_clock,
)
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_comment
from beep.stream.resolve import receive
from beep.stream.words import date, footer, title

UTC_IN = 0.85  # for labels
SHOWN_CHANNELS = 2
SHOWN_S, AHEAD_S = 8.0, 0.3  # of the envelope
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
    """Waterfall of a recording, or of a scenario's sound at a low sample rate.

    Tone to the right, time downwards, mean power as colour from the noise floor up. With the scenario of the recording,
    given or from its comment, it also shows UTC, the filter's band and, unless `curve` is false, the predicted tones.
    Of more than two channels the first two are shown. Raises RecordingError where the recording cannot be read or is
    shorter than a window.
    """
    paper = paper or Paper()
    if isinstance(recording, Scenario):
        scenario, name, numbers = recording, "the scenario's sound", scenario_spectrogram(recording)
    else:
        scenario, name = scenario or from_comment(recording.comment), Path(recording.name).name
        blocks = recording.blocks()
        if progress is not None:
            blocks = watched(blocks, recording.frames, progress)
        high_hz = scenario.high_hz + BEYOND_BAND_HZ if scenario else HEARD_HZ
        numbers = spectrogram(blocks, sample_rate_hz=recording.sample_rate_hz, high_hz=high_hz)
    channels = min(numbers.power.shape[0], SHOWN_CHANNELS)
    names = [side_name(channel, numbers.power.shape[0]) for channel in range(channels)]
    notes = [numbers.how]
    reception = receive(scenario) if scenario else None
    epoch = reception.epoch if reception else None
    if reception:
        names = [channel_name(carriers) for carriers in carriers_of(reception.scenario, channels)]
        notes = [title(reception), *footer(reception), *notes]
    with sheet(paper, default_in=(10.0, 9.0), least_in=(5.0 + channels, 3.5)) as figure:
        head_in, foot_in = framed(figure, f"Waterfall of {name}", notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        high_in = height_in - head_in - PANEL_TITLE_IN - TICKS_IN - foot_in
        axes = waterfalls(
            figure,
            numbers,
            names,
            bottom_in=foot_in + TICKS_IN,
            width_in=width_in - LEFT_IN - EDGE_IN - RIGHT_IN - 0.15 - (UTC_IN if epoch else 0.0),
            height_in=high_in,
            reception=reception,
            curve=curve,
            paper=paper,
        )
        if epoch:
            right = axes.secondary_yaxis("right")
            utc_clock(right.yaxis, epoch, 0.0, numbers.duration_s, length_in=high_in, apart_in=DOWN_APART_IN)
            right.set_ylabel(f"UTC, {date(epoch)}")
    return figure


def side_name(channel: int, channels: int) -> str:
    """Name of a channel in a recording with so many channels."""
    return SIDES[channels][channel] if channels in SIDES else f"channel {channel + 1} of {channels}"


def keying_sheet(recording: Recording, measurements: Sequence[Measurement], *, paper: Paper | None = None) -> Figure:
    """Envelope of the first seconds with the measured beeps, and histograms of the lengths of beeps and pauses.

    `measurements` are those of the recording; each with beeps has a row. Raises RecordingError where none has any.
    """
    paper = paper or Paper()
    shown = [measurement for measurement in measurements if measurement.beeps]
    if not shown:
        reasons = "; ".join(dict.fromkeys(measurement.note for measurement in measurements if measurement.note))
        raise RecordingError(
            f"a picture of the keying needs beeps, and none were found in {recording.name}"
            f"{f' ({reasons})' if reasons else ''}; look at its waterfall"
        )
    with sheet(paper, default_in=(11.0, 2.3 + 2.7 * len(shown)), least_in=(7.0, 1.5 + 2 * len(shown))) as figure:
        notes = [_summary(measurement, recording.channels) for measurement in shown]
        notes += _recipe_notes(from_comment(recording.comment))
        head_in, foot_in = framed(figure, f"Keying of {Path(recording.name).name}", notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        row_in = (height_in - head_in - foot_in) / len(shown)
        bars_in = 0.3 * (width_in - LEFT_IN - EDGE_IN)
        for row, measurement in enumerate(shown):
            bottom_in = height_in - head_in - (row + 1) * row_in + TICKS_IN
            high_in = row_in - TICKS_IN - PANEL_TITLE_IN
            left = axes_at(figure, LEFT_IN, bottom_in, width_in - LEFT_IN - bars_in - 0.85 - EDGE_IN, high_in)
            bars = axes_at(figure, width_in - bars_in - EDGE_IN - 0.1, bottom_in, bars_in, high_in)
            tone = f"{side_name(measurement.channel, recording.channels)}, {measurement.tone_hz:.0f} Hz"
            titled(left, f"{tone}: envelope, and the beeps measured", tone)
            _envelope(left, recording, measurement, paper)
            _length_histogram(bars, measurement, paper)
    return figure


def _recipe_notes(scenario: Scenario | None) -> list[str]:
    """The recipe of a recording in words."""
    if scenario is None:
        return []
    reception = receive(scenario)
    return [f"recipe: {title(reception)}", *footer(reception)]


def _envelope(axes: Axes, recording: Recording, measurement: Measurement, paper: Paper) -> None:
    pulses = measurement.pulses
    from_s = max(0.0, float(pulses.start_s[0]) - AHEAD_S)
    until_s = min(from_s + SHOWN_S, recording.duration_s)
    rate_hz = recording.sample_rate_hz
    blocks = recording.blocks(start=round(from_s * rate_hz), stop=round(until_s * rate_hz))
    samples = np.concatenate([block[:, measurement.channel] for block in blocks])
    known = np.isfinite(pulses.tone_hz)
    t_s = from_s + np.arange(len(samples)) / rate_hz
    tone_hz = np.interp(t_s, pulses.time_s[known], pulses.tone_hz[known])
    since_s, amplitude = envelope(samples, sample_rate_hz=rate_hz, tone_hz=tone_hz)
    colour = paper.colours["carriers"][0]
    axes.plot(from_s + since_s, amplitude, color=paper.colours["ink"], linewidth=0.7, gid="envelope")
    for start_s, length_s in zip(pulses.start_s, pulses.length_s, strict=True):
        if start_s < until_s:
            axes.axvspan(start_s, min(start_s + length_s, until_s), color=colour, alpha=0.25, linewidth=0, gid="beep")
    axes.set(xlim=(from_s, until_s), ylim=(0.0, 1.1 * float(amplitude.max())))
    axes.set(xlabel=f"{PASS_TIME} / s", ylabel="amplitude, full scale 1")
    axes.locator_params(axis="y", nbins=5)


def _length_histogram(axes: Axes, measurement: Measurement, paper: Paper) -> None:
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
    titled(axes, "histogram of the lengths")
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=5, integer=True)


def measurement_sheet(measurement: Measurement, *, paper: Paper | None = None) -> Figure:
    """Tone of every beep with its standard error, and histograms of the lengths of beeps and pauses."""
    paper = paper or Paper()
    with sheet(paper, default_in=(11.0, 4.5), least_in=(6.0, 3.0)) as figure:
        head_in, foot_in = framed(figure, "Beeps as measured", [_summary(measurement, 1)], paper=paper)
        width_in, height_in = figure.get_size_inches()
        high_in = height_in - head_in - foot_in - TICKS_IN - PANEL_TITLE_IN
        bars_in = 0.35 * (width_in - LEFT_IN - EDGE_IN)
        tones_in = width_in - LEFT_IN - bars_in - 0.8 - EDGE_IN
        tones = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, tones_in, high_in)
        bars = axes_at(figure, width_in - bars_in - EDGE_IN - 0.1, foot_in + TICKS_IN, bars_in, high_in)
        pulses, colour = measurement.pulses, paper.colours["carriers"][0]
        dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.7, "linewidth": 0, "color": colour}
        tones.errorbar(pulses.time_s, pulses.tone_hz, pulses.tone_sd_hz, gid="tones", **dots)
        until_s = float(np.nanmax(pulses.time_s + pulses.length_s))
        tones.set_xlim(0.0, until_s)
        unit = pass_clock(tones.xaxis, 0.0, until_s, length_in=tones_in)
        tones.set(xlabel=f"{PASS_TIME} / {unit}", ylabel="tone / Hz")
        titled(tones, "tone of every beep, with its standard error", "tone of every beep")
        _length_histogram(bars, measurement, paper)
    return figure


def fit_sheet(
    fitted: PassFit, *, name: str = "a recording", scenario: Scenario | None = None, paper: Paper | None = None
) -> Figure:
    """Measured tones with the fitted Doppler curve, and below their residuals, with standard errors.

    Hollow marks are outliers, which the fit left out; a residual too large for the picture is drawn at its edge.
    `scenario` is the recipe of the recording: the footer names it, and nothing else depends on it.
    """
    paper = paper or Paper()
    with sheet(paper, default_in=(10.0, 7.5), least_in=(6.0, 4.5)) as figure:
        notes = [*_fit_notes(fitted), *_recipe_notes(scenario)]
        head_in, foot_in = framed(figure, f"Pass fitted to {name}", notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        free_in = height_in - head_in - foot_in - TICKS_IN - PANEL_TITLE_IN - 0.1
        across_in, lower_in = width_in - LEFT_IN - 0.3, 0.35 * free_in
        lower = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, across_in, lower_in)
        upper_bottom_in = foot_in + TICKS_IN + lower_in + PANEL_TITLE_IN
        upper = axes_at(figure, LEFT_IN, upper_bottom_in, across_in, free_in - lower_in)
        until_s = max(float(carrier.t_s.max()) for carrier in fitted.carriers)
        spread_hz = max(
            _fitted_carrier(upper, lower, carrier, number, paper) for number, carrier in enumerate(fitted.carriers)
        )
        for axes in (upper, lower):
            axes.set_xlim(0.0, until_s)
            if 0 <= fitted.tca_s.value <= until_s:
                mark_time(axes, fitted.tca_s.value, paper)
        unit = pass_clock(lower.xaxis, 0.0, until_s, length_in=across_in)
        upper.set_xticks(lower.get_xticks(), [])
        lower.axhline(0.0, color=paper.colours["soft"], linewidth=0.8, zorder=1.4)
        lower.set(ylim=(-spread_hz, spread_hz), xlabel=f"{PASS_TIME} / {unit}", ylabel="residual / Hz")
        upper.set_ylabel("tone / Hz")
        upper.legend(loc="best", handlelength=2.4)
        outliers = "; hollow: outliers, left out" if not all(carrier.used.all() for carrier in fitted.carriers) else ""
        titled(lower, f"residuals, with standard errors{outliers}", "residuals")
    return figure


def _fitted_carrier(upper: Axes, lower: Axes, carrier: CarrierFit, number: int, paper: Paper) -> float:
    """Draw the tones and residuals of one carrier; return the largest residual to be shown, Hz."""
    colour = paper.colours["carriers"][number % 2]
    t_s, sd_hz, used = carrier.t_s, carrier.sd_hz, carrier.used
    spread_hz = 4 * float(np.sqrt(carrier.rms_hz**2 + np.median(sd_hz) ** 2))
    shown_hz = np.clip(carrier.residual_hz, -0.97 * spread_hz, 0.97 * spread_hz)
    dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.6, "linewidth": 0, "color": colour}
    line: dict[str, Any] = {"color": paper.colours["ink"], "linestyle": DASHES[number % 2], "linewidth": 0.9}
    mhz = f"{carrier.frequency_hz / 1e6:g} MHz"
    upper.errorbar(t_s, carrier.tone_hz, sd_hz, gid=f"tones_{number}", label=f"{mhz}, measured", **dots)
    curve_hz = carrier.tone_hz - carrier.residual_hz
    upper.plot(t_s, curve_hz, label=f"{mhz}, fitted", gid=f"fitted_{number}", zorder=3, **line)
    lower.errorbar(t_s[used], shown_hz[used], sd_hz[used], gid=f"residuals_{number}", **dots)
    hollow: dict[str, Any] = {"color": colour, "markersize": 4, "fillstyle": "none"}
    lower.plot(t_s[~used], shown_hz[~used], "o", gid=f"outliers_{number}", **hollow)
    return spread_hz


def _fit_notes(fitted: PassFit) -> list[str]:
    """The result in words, with standard errors."""
    values = {
        "TCA (closest approach)": (fitted.tca_s, "s"),
        "distance": (fitted.distance_km, "km"),
        "speed": (fitted.speed_km_s, "km/s"),
        "tone without Doppler": (fitted.f0_hz, "Hz"),
    }
    return [
        f"model: {fitted.model}",
        *(f"{name} {with_error(estimate.value, estimate.sd, unit)}" for name, (estimate, unit) in values.items()),
        f"residuals {fitted.residual_rms_hz:.2g} Hz rms",
        "standard errors without the model's bias, which beep fit prints",
    ]


def lengths(measurement: Measurement) -> tuple[Array, Array]:
    """Lengths in seconds of whole, single beeps, and of the pauses between consecutive beeps."""
    pulses = measurement.pulses
    single = pulses.whole & (pulses.slots == 1)
    follows = pulses.slot[1:] == pulses.slot[:-1] + pulses.slots[:-1]
    pause_s = pulses.start_s[1:] - pulses.start_s[:-1] - pulses.length_s[:-1]
    return pulses.length_s[single], pause_s[follows]


def _summary(measurement: Measurement, channels: int) -> str:
    """The values of a measurement in one line."""
    m = measurement
    side = f"{side_name(m.channel, channels)}: " if channels > 1 else ""
    keying = "" if m.keying == "none" else f", keyed like {m.keying}"
    return (
        f"{side}{m.beeps} beeps, pulse {m.pulse_s * 1e3:.1f} ms, pause {m.pause_s * 1e3:.1f} ms, "
        f"period {m.period_s * 1e3:.2f} ms{keying}, SNR {m.snr_db:.0f} dB in {m.snr_bandwidth_hz:g} Hz"
    )
