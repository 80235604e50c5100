"""The beeps of long recordings: one stretch of time after another, in bounded memory, and joined at the end."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from beep.base.arrays import Array, joined, picked
from beep.base.threads import in_threads
from beep.measuring.band import Band, extract
from beep.measuring.beeps import BEYOND_S, Beeps, beeps_of
from beep.measuring.bursts import Bursts
from beep.measuring.clock import on_clock
from beep.measuring.recording import Recording
from beep.measuring.smooth import smooth_curve
from beep.measuring.verdict import doubt

AT_ONCE_S = 1800.0  # longer than a pass; a tone's band takes 8 kB a second
MOST_BANDS = 8  # of a whole stretch that are held at once; of more, the stretches are shorter
LEAST_BURSTS = 4  # of a track in a stretch
COLUMNS = ("slot", "slots", "start_s", "stop_s", "start_sd_s", "stop_sd_s", "whole")  # of Beeps
FAR_S = 1.2 * BEYOND_S  # a tone's band is extracted up to so long before and after its bursts
MOST_POINTS = 8000  # of a curve; of more, neighbours are averaged


def beeps_of_tracks(recording: Recording, tracks: Sequence[tuple[int, Bursts]]) -> list[Beeps | str]:
    """Return the beeps of each track, a channel and the bursts of one tone, or in words why it has none."""
    stretch_s = AT_ONCE_S * min(MOST_BANDS / max(len(tracks), 1), 1.0)
    edges_s = np.linspace(0.0, recording.duration_s, int(np.ceil(recording.duration_s / stretch_s)) + 1)[1:-1]
    cuts = [[0, *np.searchsorted(bursts.start_s, edges_s).tolist(), len(bursts)] for _, bursts in tracks]
    results: list[list[Beeps | str]] = [[] for _ in tracks]
    for turn in range(len(edges_s) + 1):
        spans = {number: slice(*cut[turn : turn + 2]) for number, cut in enumerate(cuts)}
        spans = {number: span for number, span in spans.items() if span.stop - span.start >= LEAST_BURSTS}
        if not spans:
            continue
        parts = [picked(tracks[number][1], span) for number, span in spans.items()]
        bands = extract(
            recording,
            tones=[(tracks[number][0], partial(_tone_near, tracks[number][1])) for number in spans],
            from_s=min(float(part.start_s[0]) for part in parts) - FAR_S,
            to_s=max(float(part.stop_s.max()) for part in parts) + FAR_S,
        )
        given = (
            (bands.pop(0), part, _borders_s(tracks[number][1], spans[number]))
            for number, part in zip(spans, parts, strict=True)
        )
        for number, beeps in zip(spans, in_threads(_beeps_of_stretch, given), strict=True):
            results[number].append(beeps)
    return [_one(result) for result in results]


def _beeps_of_stretch(given: tuple[Band, Bursts, tuple[float, float]]) -> Beeps | str:
    band, bursts, borders_s = given
    beeps = beeps_of(band, bursts)
    return beeps if isinstance(beeps, str) else doubt(beeps) or _between(beeps, *borders_s)


def _tone_near(bursts: Bursts, t_s: Array) -> Array:
    """Tone at times (N,), Hz, interpolated between bursts; nan far from all of them."""
    middle_s = bursts.middle_s
    after = np.searchsorted(middle_s, t_s)
    before_s, after_s = middle_s[np.maximum(after - 1, 0)], middle_s[np.minimum(after, len(middle_s) - 1)]
    distance_s = np.minimum(np.abs(t_s - before_s), np.abs(t_s - after_s))
    return np.where(distance_s < FAR_S, bursts.tone_at(t_s), np.nan)


def _borders_s(bursts: Bursts, span: slice) -> tuple[float, float]:
    """Times in the gaps before and after some bursts; infinite before the first burst and after the last."""
    low, high = (
        (bursts.stop_s[at - 1] + bursts.start_s[at]) / 2 if 0 < at < len(bursts) else np.inf
        for at in (span.start, span.stop)
    )
    return float(low if np.isfinite(low) else -np.inf), float(high)


def _between(beeps: Beeps, from_s: float, to_s: float) -> Beeps:
    """The beeps that begin between two times; those beyond are beeps of the next stretch as well."""
    inside = (beeps.start_s >= from_s) & (beeps.start_s < to_s)
    columns = {name: getattr(beeps, name)[inside] for name in COLUMNS}
    return replace(beeps, **columns, phases=picked(beeps.phases, inside))


def _one(results: list[Beeps | str]) -> Beeps | str:
    """The beeps of all stretches as one, or why there are none in the first."""
    parts = [part for part in results if isinstance(part, Beeps) and len(part.slot)]
    if len(parts) < 2:
        return parts[0] if parts else next((part for part in results if isinstance(part, str)), "only noise")
    exact = all(part.exact for part in parts)
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    period_s = float(np.median([part.clock.period_s for part in parts]))
    first = [0]
    for before, after in pairwise(parts):
        steps = round(float(after.start_s[0] - before.start_s[-1]) / period_s)
        first.append(first[-1] + int(before.slot[-1] - before.slot[0]) + max(steps, int(before.slots[-1])))
    columns["slot"] = np.concatenate([part.slot - part.slot[0] + at for part, at in zip(parts, first, strict=True)])
    # What the phase was within a beep is not asked for any more.
    found = joined([replace(part.phases, course=part.phases.course[:, :0]) for part in parts])
    inner = columns["start_s"] > 0
    slot, start_s, start_sd_s = (columns[name][inner] for name in ("slot", "start_s", "start_sd_s"))
    mean_slot, mean_s, mean_sd_s = _averaged(slot.astype(np.float64), start_s, start_sd_s)
    slot = np.rint(mean_slot).astype(np.int64)
    clock = on_clock(slot, mean_s + (slot - mean_slot) * period_s, mean_sd_s, period_s, exact=exact)
    rise_s, rise_sd_s = _mean([(part.rise_s, part.rise_sd_s) for part in parts])
    return Beeps(
        **columns,
        phases=found,
        rise_s=rise_s,
        rise_sd_s=rise_sd_s,
        residual=np.concatenate([part.residual for part in parts]),
        tone=smooth_curve(*_averaged(found.time_s, found.tone_hz, found.tone_sd_hz)),
        clock=replace(clock, scatter_s=float(np.sqrt(np.mean([part.clock.scatter_s**2 for part in parts])))),
        fall=float(np.median([part.fall for part in parts])),
        arch=float(np.median([part.arch for part in parts])),
        tail=float(np.median([part.tail for part in parts])),
        exact=exact,
        edge_model_s=max(part.edge_model_s for part in parts),
        chirp_hz=_mean([part.chirp_hz for part in parts]),
    )


def _averaged(x: Array, y: Array, sd: Array) -> tuple[Array, Array, Array]:
    """Points (N,) with errors, or of very many the means of neighbours (M,)."""
    size = -(-len(x) // MOST_POINTS)
    if size == 1:
        return x, y, sd
    at = np.arange(0, len(x), size)
    weight = sd**-2.0
    total = np.add.reduceat(weight, at)
    return np.add.reduceat(weight * x, at) / total, np.add.reduceat(weight * y, at) / total, total**-0.5


def _mean(values: list[tuple[float, float]]) -> tuple[float, float]:
    """The mean of values with their standard errors, leaving out nan, and its standard error."""
    value, sd = np.array([pair for pair in values if np.all(np.isfinite(pair))] or [(np.nan, np.nan)]).T
    return float(np.average(value, weights=sd**-2.0)), float(np.sum(sd**-2.0) ** -0.5)
