"""The result of a fit as a table, as text, and as JSON."""

from datetime import datetime, timedelta
from math import isfinite
from typing import Any, TextIO

from beep.base.checks import parse_time
from beep.base.figures import decimals_of, with_error
from beep.cli.tables import show_table
from beep.fitting.fit import QUANTITIES, UNDETERMINED, CarrierFit, Estimate, PassFit

_ROWS = {
    "tca_s": "TCA (closest), s",
    "distance_km": "distance, km",
    "speed_km_s": "speed, km/s",
    "f0_hz": "tone, no Doppler, Hz",
}
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
    lines += [] if fit.time_shift_s is None else [_time_and_node(fit, start)]
    lines += map(_carrier, fit.carriers)
    if any(carrier.misfit > _SYSTEMATIC for carrier in fit.carriers):
        lines.append("the residuals are larger than the errors of the tones: quote the biases, not the errors")
    lines.append(f"correlation of distance and speed: {fit.correlation[2, 3]:.3f}")
    lines += ["one pass over one place does not tell:", *(f"  {what}" for what in UNDETERMINED)]
    out.write("\n".join(lines) + "\n")


def _with_error(estimate: Estimate, unit: str = "") -> str:
    return with_error(estimate.value, estimate.sd, unit)


def _time_and_node(fit: PassFit, start: datetime | str | None) -> str:
    """Return the time of the first sample, and the shift of the node, by a known orbit."""
    assert fit.time_shift_s is not None, "a known orbit gives a time"
    assert fit.node_shift_deg is not None, "and a node"
    assert start is not None, "a known orbit has a start"
    first = parse_time(start) - timedelta(seconds=fit.time_shift_s.value)
    return (
        f"by that orbit, good to 3 s, the first sample was at {first:%Y-%m-%d %H:%M:%S.%f} UTC "
        f"\N{PLUS-MINUS SIGN} {fit.time_shift_s.sd:.2g} s; the node is off by {_with_error(fit.node_shift_deg, 'deg')}"
    )


def _carrier(carrier: CarrierFit) -> str:
    drift = carrier.drift_hz_per_s
    return (
        f"{carrier.frequency_hz / 1e6:g} MHz: {carrier.used.size} tones, {int((~carrier.used).sum())} outliers, "
        f"{carrier.sideband} sideband, residual {carrier.rms_hz:.3f} Hz rms, "
        f"{carrier.misfit:.1f} times the tones' errors"
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
