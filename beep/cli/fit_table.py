"""The result of a fit as a table, as text, and as JSON."""

from datetime import datetime, timedelta
from math import isfinite
from typing import Any, TextIO

import numpy as np

from beep.base.checks import parse_time
from beep.base.figures import decimals_of, with_error
from beep.cli.tables import clock, show_table
from beep.fitting.fit import QUANTITIES, UNDETERMINED, CarrierFit, Estimate, PassFit
from beep.fitting.flutter import Flutter
from beep.fitting.rank import RankedPasses

_ROWS = {
    "tca_s": "TCA (closest), s",
    "distance_km": "distance, km",
    "speed_km_s": "speed, km/s",
    "f0_hz": "tone, no Doppler, Hz",
}
_AUDIO_HZ = 20e3  # above it the frequencies are those received, and a share of them says nothing
_LEAST_ROWS, _MOST_ROWS = 3, 12  # of a ranking
_OF_A_PASS = ("node_shift_deg", "sideband", "residual_rms_hz", "chi_square", "probability")  # as in RankedPass
_SYSTEMATIC = 3.0  # misfit beyond which the model's errors matter more than the tones'


def show_fit(out: TextIO, fit: PassFit, recipe: dict[str, float] | None, *, start: datetime | str | None) -> None:
    """Print a fit; beside it the values of the recording's own recipe, where they are known."""
    removed = "removed to first order" if len(fit.carriers) == 2 else "not removed, which needs two carriers"
    out.write(f"model: {fit.model}; ionosphere: {removed}\n")
    head = ["", "value", "model bias", "ionosphere bias"]
    rows = []
    for name, title in _ROWS.items():
        value: Estimate = getattr(fit, name)
        decimals = decimals_of(value.sd)
        given = "" if value.sd else " (given)"
        cells = [title, with_error(value.value, value.sd, decimals=decimals) + given]
        cells += [_with_error(bias[name]) for bias in (fit.model_bias, fit.ionosphere_bias)]
        rows.append(cells if recipe is None else [*cells, f"{recipe[name]:.{decimals}f}"])
    show_table(head if recipe is None else [*head, "recipe"], rows, file=out)
    lines = ["ionosphere bias: the error that the ionosphere of a morning in October 1957 would cause"]
    lines += [] if start is None else [_time_and_node(fit, start)]
    lines += map(_carrier, fit.carriers)
    lines += [] if fit.flutter is None else [_flutter(fit.flutter, fit.carriers[0])]
    if any(not carrier.sd_given for carrier in fit.carriers):
        lines.append("the errors of the tones were not given: they are estimated from the residuals")
    if any(carrier.misfit > _SYSTEMATIC for carrier in fit.carriers):
        lines.append("the residuals are larger than the errors of the tones: quote the biases, not the errors")
    lines.append(f"correlation of distance and speed: {fit.correlation[2, 3]:.3f}")
    lines += ["one pass over one place does not tell:", *(f"  {what}" for what in UNDETERMINED)]
    out.write("\n".join(lines) + "\n")


def _with_error(estimate: Estimate, unit: str = "") -> str:
    return with_error(estimate.value, estimate.sd, unit)


def _time_and_node(fit: PassFit, start: datetime | str) -> str:
    """Return the time of the first sample, and the shift of the node, by a known orbit."""
    assert fit.time_shift_s, "a known orbit gives a time"
    assert fit.node_shift_deg, "and a node"
    first = parse_time(start) - timedelta(seconds=fit.time_shift_s.value)
    return (
        f"by that orbit, good to 3 s, the first sample was at {first:%Y-%m-%d %H:%M:%S.%f} UTC "
        f"\N{PLUS-MINUS SIGN} {fit.time_shift_s.sd:.2g} s; the node is off by {_with_error(fit.node_shift_deg, 'deg')}"
    )


def _flutter(flutter: Flutter, carrier: CarrierFit) -> str:
    """Return how large the scatter beyond the tones' own errors is, and how long it lasts."""
    typical_hz = float(np.median(carrier.tone_hz))
    share = f" ({100 * flutter.rms_hz / typical_hz:.2g} % of the tone)" if 0 < typical_hz < _AUDIO_HZ else ""
    lasting = f"correlated over {flutter.time_s:.2g} s" if flutter.time_s else "independent from tone to tone"
    cause = "longer than the flutter of a tape" if flutter.slow else "as the flutter of a tape does"
    return (
        f"flutter: the tones scatter by {flutter.rms_hz:.2g} Hz rms{share} beyond their own errors, {lasting}, "
        f"{cause}; the standard errors include it"
    )


def show_ranking(out: TextIO, ranked: RankedPasses, station: str) -> None:
    """Print the passes that fit best, and whether the first one is decided."""
    head = (">", "TCA (closest), UTC", ">max.el.", "direction", ">residual, Hz", ">chi-square", ">probability")
    shown = ranked[: min(max(ranked.possible, _LEAST_ROWS), _MOST_ROWS)]
    rows = [
        (
            str(number),
            clock(one.prediction.tca, "%Y-%m-%d %H:%M:%S"),
            f"{one.prediction.max_elevation_deg:.0f}",
            f"{one.prediction.direction}bound",
            f"{one.residual_rms_hz:.2f}",
            f"+{one.chi_square:.1f}",
            f"{one.probability:.3f}",
        )
        for number, one in enumerate(shown, 1)
    ]
    show_table(head, rows, file=out)
    first = ranked[0]
    if ranked.decided:
        verdict = (
            f"the first pass fits best by far: --start {first.first_sample:%Y-%m-%dT%H:%MZ}; the first sample was at "
            f"{first.first_sample:%Y-%m-%d %H:%M:%S} UTC, good to 3 s"
        )
    else:
        verdict = f"cannot tell which pass this is: {ranked.possible} passes fit about as well; record more of the pass"
    out.write(
        f"{verdict}\n{len(ranked)} passes of 4 to 25 October 1957 over {station} are as long as the recording; "
        "chi-square is above that of the first pass;\nthe probability assumes that one of them is the right one, and "
        "that the residuals of the first are errors of the tones\n"
    )


def ranking_as_json(ranked: RankedPasses) -> dict[str, Any]:
    """Return all ranked passes as plain values for JSON."""
    return {
        "decided": ranked.decided,
        "possible": ranked.possible,
        "passes": [
            {
                "tca_utc": f"{one.prediction.tca.replace(tzinfo=None).isoformat()}Z",
                "max_elevation_deg": one.prediction.max_elevation_deg,
                "direction": one.prediction.direction,
                "first_sample_utc": f"{one.first_sample.replace(tzinfo=None).isoformat()}Z",
                **{name: getattr(one, name) for name in _OF_A_PASS},
            }
            for one in ranked
        ],
    }


def _carrier(carrier: CarrierFit) -> str:
    drift = carrier.drift_hz_per_s
    return (
        f"{carrier.frequency_hz / 1e6:g} MHz: {carrier.used.size} tones, {int((~carrier.used).sum())} outliers, "
        f"{carrier.sideband} sideband, residual {carrier.rms_hz:.3f} Hz rms, "
        f"{carrier.misfit:.1f} times the tones' errors"
        + (" with flutter" if (carrier.total_sd_hz != carrier.sd_hz).any() else "")
        + ("" if drift is None else f", oscillator drift {_with_error(drift, 'Hz/s')}")
    )


def fit_as_json(fit: PassFit, recipe: dict[str, float] | None) -> dict[str, Any]:
    """Return a fit as plain values for JSON; what is not finite is None."""
    correlation = [dict(zip(QUANTITIES, row, strict=True)) for row in fit.correlation.tolist()]
    table: dict[str, Any] = {name: _plain(getattr(fit, name)) for name in QUANTITIES}
    table |= {
        "model": fit.model,
        "residual_rms_hz": fit.residual_rms_hz,
        "correlation": dict(zip(QUANTITIES, correlation, strict=True)),
        "model_bias": {name: _plain(bias) for name, bias in fit.model_bias.items()},
        "ionosphere_bias": {name: _plain(bias) for name, bias in fit.ionosphere_bias.items()},
        "flutter": None if fit.flutter is None else vars(fit.flutter),
        "undetermined": list(UNDETERMINED),
        "carriers": [
            {
                "frequency_hz": carrier.frequency_hz,
                "sideband": carrier.sideband,
                "f0_hz": _plain(carrier.f0_hz),
                "drift_hz_per_s": _plain(carrier.drift_hz_per_s),
                "tones": int(carrier.used.size),
                "outliers": int((~carrier.used).sum()),
                "residual_rms_hz": carrier.rms_hz,
                "misfit": carrier.misfit,
            }
            for carrier in fit.carriers
        ],
    }
    if fit.time_shift_s is not None:
        table |= {"time_shift_s": _plain(fit.time_shift_s), "node_shift_deg": _plain(fit.node_shift_deg)}
    return table if recipe is None else table | {"recipe": recipe}


def _plain(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {name: value if isfinite(value) else None for name, value in vars(estimate).items()}
