"""Pictures of a recording: its waterfall, its beeps, and the pass fitted to their tones."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.base.errors import RecordingError
from beep.base.figures import with_error
from beep.base.progress import Progress, watched
from beep.fitting.fit import CarrierFit, PassFit
from beep.measuring.measure import Measurement
from beep.measuring.recording import Recording
from beep.measuring.spectrogram import HEARD_HZ, spectrogram
from beep.plot.panels import DOWN_APART_IN, LEGEND_IN, PASS_TIME, SHOWN_CHANNELS, mark_time, side_name, waterfalls
from beep.plot.preview import BEYOND_BAND_HZ, FIT_VALUES, scenario_spectrogram
from beep.plot.style import (
    DASHES,
    EDGE_IN,
    LEFT_IN,
    PANEL_TITLE_IN,
    PAPER,
    TICKS_IN,
    Paper,
    axes_at,
    pass_clock,
    sheet,
    size_in,
    titled,
    utc_clock,
)
from beep.scenario.scenario import Scenario
from beep.stream.reception import Reception
from beep.stream.resolve import receive, recorded_reception
from beep.stream.words import date, footer, title

UTC_IN = 0.85  # for labels
SHOWN_S, AHEAD_S = 8.0, 0.3  # of the envelope
BARS = 48
HALF_WIDTH_HZ = 150.0  # of the envelope's filter, on each side of the tone: edges of some 4 ms are still visible
ENVELOPE_RATE_HZ = 1000


def waterfall(
    recording: Recording | Scenario,
    *,
    scenario: Scenario | None = None,
    curve: bool = True,
    paper: Paper = PAPER,
    progress: Progress | None = None,
) -> Figure:
    """Waterfall of a recording, or of a scenario's sound at a low sample rate.

    Tone to the right, time downwards, mean power as colour from the noise floor up. With the scenario of the recording,
    given or from its comment, it also shows UTC, the filter's band and, unless `curve` is false, the predicted tones.
    Of more than two channels the first two are shown. Raises RecordingError where the recording cannot be read or is
    shorter than a window.
    """
    reception: Reception | None
    if isinstance(recording, Scenario):
        reception, name, numbers = receive(recording), "the scenario's sound", scenario_spectrogram(recording)
    else:
        reception, name = (
            receive(scenario) if scenario else recorded_reception(recording.comment),
            Path(recording.name).name,
        )
        blocks = watched(recording.blocks(), recording.frames, progress)
        high_hz = reception.scenario.high_hz + BEYOND_BAND_HZ if reception else HEARD_HZ
        numbers = spectrogram(blocks, sample_rate_hz=recording.sample_rate_hz, high_hz=high_hz)
    start_s = 0.0 if isinstance(recording, Scenario) else recording.start_s
    epoch = reception.epoch + timedelta(seconds=start_s) if reception and reception.epoch else None
    notes = [*([title(reception), *footer(reception)] if reception else []), numbers.how]
    notes += [f"section from {start_s:g} s: times are counted from there"] if start_s else []
    least_in = (5.0 + min(numbers.power.shape[0], SHOWN_CHANNELS), 3.5)
    page = sheet(paper, f"Waterfall of {name}", notes, default_in=(10.0, 9.0), least_in=least_in)
    with page as (figure, _, top_in, foot_in):
        bottom_in, high_in = foot_in + TICKS_IN, top_in - PANEL_TITLE_IN - TICKS_IN - foot_in
        place: dict[str, float] = {"bottom_in": bottom_in, "height_in": high_in, "room_in": UTC_IN if epoch else 0.0}
        axes = waterfalls(figure, numbers, reception, curve=curve, paper=paper, start_s=start_s, **place)
        if epoch:
            right = axes.secondary_yaxis("right")
            utc_clock(right.yaxis, epoch, numbers.duration_s, length_in=high_in, apart_in=DOWN_APART_IN)
            right.set_ylabel(f"UTC, {date(epoch)}")
    return figure


def keying_sheet(recording: Recording, measurements: Sequence[Measurement], *, paper: Paper = PAPER) -> Figure:
    """Envelope of eight seconds from the loudest beep on, with the measured beeps, and histograms of the lengths.

    `measurements` are those of the recording; each with beeps has a row. Raises RecordingError where none has any.
    """
    shown = [measurement for measurement in measurements if measurement.beeps]
    if not shown:
        reasons = "; ".join(dict.fromkeys(measurement.note for measurement in measurements if measurement.note))
        none = f"none were found in {recording.name}{f' ({reasons})' if reasons else ''}"
        raise RecordingError(f"a picture of the keying needs beeps, and {none}; look at its waterfall")
    heading, rows = f"Keying of {Path(recording.name).name}", len(shown)
    notes = [_summary(measurement, recording.channels) for measurement in shown]
    notes += _recipe_notes(recorded_reception(recording.comment))
    page = sheet(paper, heading, notes, default_in=(11.0, 2.3 + 2.7 * rows), least_in=(7.0, 1.5 + 2 * rows))
    with page as (figure, _, top_in, foot_in):
        row_in = (top_in - foot_in) / rows
        for row, measurement in enumerate(shown):
            left, bars = _row(figure, top_in - (row + 1) * row_in, row_in)
            tone = f"{side_name(measurement.channel, recording.channels)}, {measurement.tone_hz:.0f} Hz"
            titled(left, f"{tone}: envelope, and the beeps measured", tone)
            _draw_envelope(left, recording, measurement, paper)
            _length_histogram(bars, measurement, paper)
    return figure


def _row(figure: Figure, bottom_in: float, height_in: float) -> tuple[Axes, Axes]:
    """Wide axes, and beside them axes for a histogram."""
    bottom_in, height_in = bottom_in + TICKS_IN, height_in - TICKS_IN - PANEL_TITLE_IN
    width_in = figure.get_size_inches()[0] - LEFT_IN - EDGE_IN
    left = axes_at(figure, LEFT_IN, bottom_in, 0.7 * width_in - 0.85, height_in)
    return left, axes_at(figure, LEFT_IN + 0.7 * width_in - 0.1, bottom_in, 0.3 * width_in, height_in)


def _recipe_notes(reception: Reception | None) -> list[str]:
    """The recipe of a recording in words."""
    return [] if reception is None else [f"scenario: {title(reception)}", *footer(reception)]


def _draw_envelope(axes: Axes, recording: Recording, measurement: Measurement, paper: Paper) -> None:
    pulses = measurement.pulses
    last_s = recording.start_s + recording.duration_s
    loudest = int(np.argmax(np.nan_to_num(pulses.level_db, nan=-np.inf)))
    from_s = max(recording.start_s, min(float(pulses.start_s[loudest]) - AHEAD_S, last_s - SHOWN_S))
    until_s = min(from_s + SHOWN_S, last_s)
    rate_hz = recording.sample_rate_hz
    start, stop = (round((moment_s - recording.start_s) * rate_hz) for moment_s in (from_s, until_s))
    blocks = recording.blocks(start=start, stop=stop)
    samples = np.concatenate([block[:, measurement.channel] for block in blocks])
    known = np.isfinite(pulses.tone_hz)
    t_s = from_s + np.arange(len(samples)) / rate_hz
    tone_hz = np.interp(t_s, pulses.time_s[known], pulses.tone_hz[known])
    since_s, amplitude = _envelope_of(samples, sample_rate_hz=rate_hz, tone_hz=tone_hz)
    colour = paper.colours["carriers"][0]
    axes.plot(from_s + since_s, amplitude, color=paper.colours["ink"], linewidth=0.7, gid="envelope")
    for start_s, length_s in zip(pulses.start_s, pulses.length_s, strict=True):
        if start_s < until_s and start_s + length_s > from_s:
            axes.axvspan(
                max(start_s, from_s),
                min(start_s + length_s, until_s),
                color=colour,
                alpha=0.25,
                linewidth=0,
                gid="beep",
            )
    axes.set(xlim=(from_s, until_s), ylim=(0.0, 1.1 * float(amplitude.max())))
    axes.set(xlabel=f"{PASS_TIME} / s", ylabel="amplitude, full scale 1")
    axes.locator_params(axis="y", nbins=5)


def _envelope_of(samples: NDArray[np.floating], *, sample_rate_hz: float, tone_hz: Array) -> tuple[Array, Array]:
    """Times (M,), about 1 ms apart, and the amplitude of a tone in samples (N,) at these times.

    `tone_hz` (N,) is the tone at each sample. What is more than 150 Hz from it is filtered out. A sine of full scale
    has amplitude 1.
    """
    phase = 2 * np.pi * np.cumsum(tone_hz) / sample_rate_hz
    spectrum = np.fft.fft(samples * np.exp(-1j * phase))
    frequency_hz = np.abs(np.fft.fftfreq(len(samples), 1 / sample_rate_hz))
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip(frequency_hz / HALF_WIDTH_HZ / 2, 0, 1))  # 1/2 at the half width
    rows = slice(None, None, max(1, round(sample_rate_hz / ENVELOPE_RATE_HZ)))
    return np.arange(len(samples))[rows] / sample_rate_hz, 2 * np.abs(np.fft.ifft(spectrum * gain))[rows]


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
        axes.set_ylim(0, axes.get_ylim()[1] / (1 - 2 * LEGEND_IN / size_in(axes)[1]))
        axes.legend(loc="upper right", handlelength=1.4)
    axes.set(xlabel="length at half amplitude / ms")
    titled(axes, "histogram of the lengths")
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=5, integer=True)


def measurement_sheet(measurement: Measurement, *, paper: Paper = PAPER) -> Figure:
    """Tone of every beep with its standard error, and histograms of the lengths of beeps and pauses."""
    page = sheet(paper, "Beeps as measured", [_summary(measurement, 1)], default_in=(11.0, 4.5), least_in=(6.0, 3.0))
    with page as (figure, _, top_in, foot_in):
        tones, bars = _row(figure, foot_in, top_in - foot_in)
        pulses, colour = measurement.pulses, paper.colours["carriers"][0]
        dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.7, "linewidth": 0, "color": colour}
        tones.errorbar(pulses.time_s, pulses.tone_hz, pulses.tone_sd_hz, gid="tones", **dots)
        until_s = float(np.nanmax(pulses.time_s + pulses.length_s))
        tones.set_xlim(0.0, until_s)
        unit = pass_clock(tones.xaxis, until_s, length_in=size_in(tones)[0])
        tones.set(xlabel=f"{PASS_TIME} / {unit}", ylabel="tone / Hz")
        titled(tones, "tone of every beep, with its standard error", "tone of every beep")
        _length_histogram(bars, measurement, paper)
    return figure


def fit_sheet(
    fitted: PassFit, *, name: str = "a recording", scenario: Scenario | None = None, paper: Paper = PAPER
) -> Figure:
    """Measured tones with the fitted Doppler curve, and below their residuals, with standard errors.

    Hollow marks are outliers, which the fit left out; a residual too large for the picture is drawn at its edge.
    `scenario` is the recipe of the recording: the footer names it, and nothing else depends on it.
    """
    notes = [*_fit_notes(fitted), *_recipe_notes(receive(scenario) if scenario else None)]
    page = sheet(paper, f"Pass fitted to {name}", notes, default_in=(10.0, 7.5), least_in=(6.0, 4.5))
    with page as (figure, width_in, top_in, foot_in):
        free_in = top_in - foot_in - TICKS_IN - PANEL_TITLE_IN - 0.1
        across_in, lower_in = width_in - LEFT_IN - 0.3, 0.35 * free_in
        bottom_in = foot_in + TICKS_IN
        lower = axes_at(figure, LEFT_IN, bottom_in, across_in, lower_in)
        upper = axes_at(figure, LEFT_IN, bottom_in + lower_in + PANEL_TITLE_IN, across_in, free_in - lower_in)
        carriers = fitted.carriers
        until_s = max(float(carrier.t_s.max()) for carrier in carriers)
        spread_hz = max(_fitted_carrier(upper, lower, *row, paper) for row in enumerate(carriers))
        for axes in (upper, lower):
            axes.set_xlim(0.0, until_s)
            if 0 <= fitted.tca_s.value <= until_s:
                mark_time(axes, fitted.tca_s.value, paper)
        unit = pass_clock(lower.xaxis, until_s, length_in=across_in)
        upper.set_xticks(lower.get_xticks(), [])
        lower.axhline(0.0, color=paper.colours["soft"], linewidth=0.8, zorder=1.4)
        lower.set(ylim=(-spread_hz, spread_hz), xlabel=f"{PASS_TIME} / {unit}", ylabel="residual / Hz")
        upper.set_ylabel("tone / Hz")
        upper.legend(loc="best", handlelength=2.4)
        outliers = "" if all(carrier.used.all() for carrier in carriers) else "; hollow: outliers, left out"
        titled(lower, f"residuals, with standard errors{outliers}", "residuals")
    return figure


def _fitted_carrier(upper: Axes, lower: Axes, number: int, carrier: CarrierFit, paper: Paper) -> float:
    """Draw the tones and residuals of one carrier; return the largest residual to be shown, Hz."""
    colour = paper.colours["carriers"][number % 2]
    t_s, sd_hz, used = carrier.t_s, carrier.sd_hz, carrier.used
    spread_hz = 4 * float(np.sqrt(carrier.rms_hz**2 + np.median(sd_hz) ** 2))
    shown_hz = np.clip(carrier.residual_hz, -0.97 * spread_hz, 0.97 * spread_hz)
    dots: dict[str, Any] = {"fmt": ".", "markersize": 3, "elinewidth": 0.6, "linewidth": 0, "color": colour}
    line: dict[str, Any] = {"color": paper.colours["ink"], "linestyle": DASHES[number % 2], "linewidth": 0.9}
    mhz = f"{carrier.frequency_hz / 1e6:g} MHz{', lower sideband' if carrier.sideband == 'lower' else ''}"
    upper.errorbar(t_s, carrier.tone_hz, sd_hz, gid=f"tones_{number}", label=f"{mhz}, measured", **dots)
    curve_hz = carrier.tone_hz - carrier.residual_hz
    upper.plot(t_s, curve_hz, label=f"{mhz}, fitted", gid=f"fitted_{number}", zorder=3, **line)
    lower.errorbar(t_s[used], shown_hz[used], sd_hz[used], gid=f"residuals_{number}", **dots)
    hollow: dict[str, Any] = {"color": colour, "markersize": 4, "fillstyle": "none"}
    lower.plot(t_s[~used], shown_hz[~used], "o", gid=f"outliers_{number}", **hollow)
    return spread_hz


def _fit_notes(fitted: PassFit) -> list[str]:
    """The result in words, with standard errors and the bias of the model."""
    lines = [f"model: {fitted.model}"]
    for name, (words, unit) in FIT_VALUES.items():
        value, bias = getattr(fitted, name), fitted.model_bias[name]
        error = with_error(bias.value, bias.sd, unit)
        lines.append(f"{words} {with_error(value.value, value.sd, unit)}, bias {error}")
    about = "bias: fit less truth, not part of the standard errors"
    return [*lines, f"residuals {fitted.residual_rms_hz:.2g} Hz rms", about]


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
