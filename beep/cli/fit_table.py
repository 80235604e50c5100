"""The result of a fit as a table, as rows for CSV, and as JSON."""

from datetime import datetime, timedelta
from math import isfinite
from typing import Any, TextIO

import numpy as np

from beep.base.checks import parse_time
from beep.base.figures import decimals_of, with_error
from beep.cli.tables import clock, show_table
from beep.fitting.fit import QUANTITIES, CarrierFit, Estimate, PassFit
from beep.fitting.flutter import Flutter
from beep.fitting.rank import RankedPasses
from beep.geometry.sputnik import TCA_ERROR_S

_ROWS = {
    "tca_s": "TCA, s",
    "distance_km": "distance, km",
    "speed_km_s": "speed, km/s",
    "f0_hz": "tone f0, Hz",
}
_BIASES = ("model_bias", "ionosphere_bias")
_AUDIO_HZ = 20e3  # above it the frequencies are those received, and a share of them says nothing
_LEAST_ROWS, _MOST_ROWS = 3, 12  # of a ranking
_OF_A_PASS = ("node_shift_deg", "sideband", "residual_rms_hz", "chi_square", "probability")  # as in RankedPass
_SYSTEMATIC = 3.0  # misfit beyond which the model's errors matter more than the tones'


def show_fit(out: TextIO, fit: PassFit, recipe: dict[str, float] | None, *, start: datetime | str | None) -> None:
    """Print a fit; beside it the values of the recording's own recipe, where they are known."""
    removed = "removed to first order by two carriers" if len(fit.carriers) == 2 else "not removed by one carrier"
    out.write(f"model: {fit.model}; ionosphere: {removed}\n")
    head = ["", "fit", "model bias", "ionosphere bias", "recipe"]
    rows = []
    for name, title in _ROWS.items():
        value: Estimate = getattr(fit, name)
        decimals = decimals_of(value.sd)
        cells = [title, with_error(value.value, value.sd, decimals=decimals) + ("" if value.sd else " (given)")]
        cells += [_with_error(getattr(fit, bias)[name]) for bias in _BIASES]
        rows.append(cells if recipe is None else [*cells, f"{recipe[name]:.{decimals}f}"])
    show_table(head if recipe else head[:-1], rows, file=out)
    lines = [
        "TCA: closest approach, seconds after the first sample; tone f0: without Doppler",
        "fit: value and standard error, from the scatter of the tones",
        "model bias: fit minus truth, mean and spread, if the orbit is not that of the model",
        "ionosphere bias: the same in the ionosphere of a morning in October 1957",
    ]
    lines += [] if start is None else _time_and_node(fit, start)
    lines += map(_carrier, fit.carriers)
    lines += [] if fit.flutter is None else [_flutter(fit.flutter, fit.carriers[0])]
    if any(not carrier.sd_given for carrier in fit.carriers):
        lines.append("errors of the tones: not given, estimated from the residuals")
    if any(carrier.misfit > _SYSTEMATIC for carrier in fit.carriers):
        lines.append("the residuals are larger than the errors of the tones: quote the biases, not the standard errors")
    lines.append(f"correlation of distance and speed: {fit.correlation[2, 3]:.3f}")
    lines += [f"not determined by one pass: {what}" for what in fit.undetermined]
    out.write("\n".join(lines) + "\n")


def _with_error(estimate: Estimate, unit: str = "") -> str:
    return with_error(estimate.value, estimate.sd, unit)


def _time_and_node(fit: PassFit, start: datetime | str) -> list[str]:
    """Return lines with the time of the first sample and with the shift of the node, by a known orbit."""
    assert fit.time_shift_s, "a known orbit gives a time"
    assert fit.node_shift_deg, "and a node"
    first = parse_time(start) - timedelta(seconds=fit.time_shift_s.value)
    error = f"\N{PLUS-MINUS SIGN} {fit.time_shift_s.sd:.2g} s (fit) \N{PLUS-MINUS SIGN} {TCA_ERROR_S} s (orbit)"
    return [
        f"first sample: {first:%Y-%m-%d %H:%M:%S.%f} UTC {error}",
        f"shift of the node, east positive: {_with_error(fit.node_shift_deg, 'degrees')}",
    ]


def _carrier(carrier: CarrierFit) -> str:
    drift = carrier.drift_hz_per_s
    return (
        f"{carrier.frequency_hz / 1e6:g} MHz: {carrier.used.size} tones, {int((~carrier.used).sum())} outliers, "
        f"{carrier.sideband} sideband, residuals {carrier.rms_hz:.3f} Hz rms, "
        f"chi-square per tone {carrier.misfit**2:.1f}"
        + ("" if drift is None else f", oscillator drift {_with_error(drift, 'Hz/s')}")
    )


def _flutter(flutter: Flutter, carrier: CarrierFit) -> str:
    """Return how large the scatter beyond the tones' own errors is, and how long it lasts."""
    typical_hz = float(np.median(carrier.tone_hz))
    share = f" ({100 * flutter.rms_hz / typical_hz:.2g} % of the tone)" if 0 < typical_hz < _AUDIO_HZ else ""
    lasting = f"correlated over {flutter.time_s:.2f} s" if flutter.time_s else "independent from tone to tone"
    return (
        f"{'slow errors' if flutter.slow else 'flutter'}: {flutter.rms_hz:.2g} Hz rms{share} beyond the errors of the "
        f"tones, {lasting}; included in the standard errors"
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


def ranking_rows(ranked: RankedPasses) -> list[dict[str, Any]]:
    """Return a row of plain values for each ranked pass."""
    return [
        {
            "tca_utc": f"{one.prediction.tca.replace(tzinfo=None).isoformat()}Z",
            "max_elevation_deg": one.prediction.max_elevation_deg,
            "direction": one.prediction.direction,
            "first_sample_utc": f"{one.first_sample.replace(tzinfo=None).isoformat()}Z",
            **{name: getattr(one, name) for name in _OF_A_PASS},
        }
        for one in ranked
    ]


def fit_rows(fit: PassFit, recipe: dict[str, float] | None) -> list[dict[str, Any]]:
    """Return a row of plain values for each fitted quantity."""
    rows = []
    for name in QUANTITIES:
        row: dict[str, Any] = {"quantity": name, **vars(getattr(fit, name))}
        for bias in _BIASES:
            estimate = getattr(fit, bias)[name]
            row |= {bias: estimate.value, f"{bias}_sd": estimate.sd}
        rows.append(row if recipe is None else row | {"recipe": recipe[name]})
    return rows


def fit_as_json(fit: PassFit, recipe: dict[str, float] | None) -> dict[str, Any]:
    """Return a fit as plain values for JSON; what is not finite is None."""
    correlation = [dict(zip(QUANTITIES, row, strict=True)) for row in fit.correlation.tolist()]
    table = {name: value for name, value in vars(fit).items() if name not in ("covariance", "carriers")}
    table |= {
        "correlation": dict(zip(QUANTITIES, correlation, strict=True)),
        "undetermined": list(fit.undetermined),
        "carriers": [
            {
                **{name: getattr(carrier, name) for name in ("frequency_hz", "sideband", "f0_hz", "drift_hz_per_s")},
                "tones": carrier.used.size,
                "outliers": int((~carrier.used).sum()),
                "residual_rms_hz": carrier.rms_hz,
                "misfit": carrier.misfit,
            }
            for carrier in fit.carriers
        ],
    }
    return dict(_plain(table if recipe is None else table | {"recipe": recipe}))


def _plain(value: Any) -> Any:
    """Return plain values without records, and without numbers that are not finite."""
    if isinstance(value, Estimate | Flutter):
        value = vars(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    return None if isinstance(value, float) and not isfinite(value) else value
