"""`beep fit`: from the tones of a recorded pass to when, how far and how fast the satellite flew by."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timedelta
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, TextIO, get_args

from beep.base.checks import parse_time
from beep.base.choices import Orbit, Sideband
from beep.base.errors import BeepError, FitError
from beep.cli.terminal import say, show_table, stdout
from beep.scenario.scenario import SPUTNIK_1

if TYPE_CHECKING:
    from beep.fitting.fit import Estimate, PassFit
    from beep.measuring.recording import Recording

ROWS = {
    "tca_s": "closest, s",
    "distance_km": "distance, km",
    "speed_km_s": "speed, km/s",
    "f0_hz": "tone at rest, Hz",
}
SATELLITE_KM_S = (6.0, 9.0)
CARRIERS = [carrier.frequency_mhz for carrier in SPUTNIK_1]
MOST_MHZ = 30_000.0
SYSTEMATIC = 3.0
POOR_HZ, POOR_MISFIT = 0.5, 10.0  # of residuals that no noise explains


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a recording of a pass; - for a stream on stdin")
    model = parser.add_argument_group("model")
    model.add_argument(
        "--orbit",
        choices=get_args(Orbit),
        default="circular",
        help="what flew: a circular orbit, a straight line, or Sputnik 1 as it is known, shifted in time and node "
        "(default: circular)",
    )
    model.add_argument(
        "--altitude-km", type=_number, metavar="KM", help="height of the circular orbit (default: from the curve)"
    )
    model.add_argument("--station", metavar="PLACE", help="a known name or LAT,LON[,HEIGHT_M] (for sputnik1)")
    model.add_argument("--start", metavar="UTC", help="ISO 8601; the first pass after it is taken (for sputnik1)")
    receiver = parser.add_argument_group("receiver")
    receiver.add_argument(
        "--carrier-mhz",
        type=_frequency,
        action="append",
        metavar="MHZ",
        help=f"of mono or left; a second time: of right (default: {' and '.join(map(str, CARRIERS))})",
    )
    receiver.add_argument(
        "--sideband", choices=get_args(Sideband), help="does the tone fall or rise (default: as it does)"
    )
    receiver.add_argument("--drift", action="store_true", help="let the oscillator drift evenly")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print the result as JSON")
    output.add_argument("--blind", action="store_true", help="do not compare with the recipe in the file's comment")


def run(arguments: argparse.Namespace) -> None:
    from beep.fitting.fit import fit_pass, model_of, tones_of
    from beep.measuring.measure import measure
    from beep.measuring.recording import open_recording

    settings: dict[str, Any] = {
        "orbit": arguments.orbit,
        "altitude_km": arguments.altitude_km,
        "station": arguments.station,
        "start": arguments.start,
    }
    carriers = arguments.carrier_mhz or CARRIERS
    if len(carriers) > 2:
        raise FitError(f"a fit takes one or two carriers, got --carrier-mhz {len(carriers)} times; drop the others")
    undated = arguments.orbit == "sputnik1" and arguments.start is None and not arguments.blind
    if not undated:
        model_of(**settings)  # a wrong option need not wait for the measurement
    with open_recording(sys.stdin.buffer if arguments.file == "-" else arguments.file) as recording:
        if undated:
            settings["start"] = _dated(recording, arguments)
            model_of(**settings)
        found = fit_pass(
            tones_of(measure(recording), carriers_hz=[mhz * 1e6 for mhz in carriers]),
            **settings,
            sideband=arguments.sideband,
            drift=arguments.drift,
        )
        recipe = None if arguments.blind else _recipe(recording, found)
    if arguments.carrier_mhz is None:
        used = " and ".join(f"{one.frequency_hz / 1e6:g}" for one in found.carriers)
        others = [] if recipe is None else _other_carriers(recording, found)
        theirs = f"but the file's own recipe says {' and '.join(others)}" if others else "if it is another, say so"
        say(f"beep: assumed: {used} MHz; {theirs}: --carrier-mhz {' --carrier-mhz '.join(others) or 'MHZ'}", arguments)
    if not SATELLITE_KM_S[0] < found.speed_km_s.value < SATELLITE_KM_S[1]:
        say(
            f"beep: warning: {found.speed_km_s.value:.2f} km/s is no satellite's speed; is the carrier right "
            f"(--carrier-mhz), is it a whole pass?",
            arguments,
        )
    for one in found.carriers:
        if one.rms_hz > POOR_HZ and one.misfit > POOR_MISFIT:
            say(
                f"beep: warning: the model leaves {one.rms_hz:.2g} Hz rms at {one.frequency_hz / 1e6:g} MHz, "
                f"{one.misfit:.0f} times the tones' errors (an ionosphere beyond its first order, or another orbit): "
                f"the true errors are larger than those printed",
                arguments,
            )
    if arguments.json:
        stdout().write(json.dumps(to_json(found, recipe), indent=1, allow_nan=False) + "\n")
    else:
        _print(stdout(), found, recipe, start=settings["start"])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def _frequency(text: str) -> float:
    value = _number(text)
    if not 0 < value <= MOST_MHZ:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MOST_MHZ:g}, got {text!r}")
    return value


def _dated(recording: Recording, arguments: argparse.Namespace) -> datetime | None:
    """The date in the recipe of a file of ours, as one reads it on a tape's box; of the fit it tells nothing else."""
    from beep.scenario.toml import from_comment

    scenario = from_comment(recording.comment)
    if scenario is None or not isinstance(scenario.start, datetime):
        return None
    say(f"beep: --start {scenario.start:%Y-%m-%dT%H:%MZ}, from the file's own recipe", arguments)
    return scenario.start


def _recipe(recording: Recording, found: PassFit) -> dict[str, float] | None:
    """What the recipe in a file of ours says of the same quantities; for comparison, the fit has not seen it."""
    from beep.fitting.curves import closest
    from beep.scenario.toml import from_dict
    from beep.stream.resolve import receive

    try:
        scenario = from_dict(json.loads(recording.comment))
        reception = receive(scenario)
    except (ValueError, BeepError):
        return None
    if scenario.still:
        return None
    tca_s, distance_km, speed_km_s = map(float, closest(reception.look, near_s=reception.tca_s))
    f0_hz = scenario.tone_without_doppler_hz(scenario.heard[0])
    return {"f0_hz": f0_hz, "tca_s": tca_s, "distance_km": distance_km, "speed_km_s": speed_km_s}


def _other_carriers(recording: Recording, found: PassFit) -> list[str]:
    """The carriers, MHz, of the recipe in a file of ours, where they are not those that the fit took."""
    from beep.scenario.toml import from_dict

    heard = from_dict(json.loads(recording.comment)).heard
    taken = {one.frequency_hz for one in found.carriers}
    return [] if taken <= {one.frequency_mhz * 1e6 for one in heard} else [f"{one.frequency_mhz:g}" for one in heard]


def to_json(found: PassFit, recipe: dict[str, float] | None) -> dict[str, Any]:
    """The fit as JSON has it: what is not a number is null."""
    from beep.fitting.fit import QUANTITIES, UNDETERMINED

    correlation = [dict(zip(QUANTITIES, row, strict=True)) for row in found.correlation.tolist()]
    table: dict[str, Any] = {name: _plain(getattr(found, name)) for name in QUANTITIES}
    table |= {
        "model": found.model,
        "residual_rms_hz": found.residual_rms_hz,
        "correlation": dict(zip(QUANTITIES, correlation, strict=True)),
        "model_bias": {name: _plain(estimate) for name, estimate in found.model_bias.items()},
        "ionosphere_bias": {name: _plain(estimate) for name, estimate in found.ionosphere_bias.items()},
        "undetermined": list(UNDETERMINED),
        "carriers": [
            {
                "frequency_hz": one.frequency_hz,
                "sideband": one.sideband,
                "f0_hz": _plain(one.f0_hz),
                "drift_hz_per_s": _plain(one.drift_hz_per_s),
                "tones": int(one.used.size),
                "outliers": int((~one.used).sum()),
                "residual_rms_hz": one.rms_hz,
                "misfit": one.misfit,
            }
            for one in found.carriers
        ],
    }
    if found.time_shift_s is not None:
        table |= {"time_shift_s": _plain(found.time_shift_s), "node_shift_deg": _plain(found.node_shift_deg)}
    if recipe is not None:
        table["recipe"] = recipe
    return table


def _plain(estimate: Estimate | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {name: value if isfinite(value) else None for name, value in vars(estimate).items()}


def _print(out: TextIO, found: PassFit, recipe: dict[str, float] | None, *, start: datetime | str | None) -> None:
    from beep.fitting.fit import UNDETERMINED

    removed = "removed to first order" if len(found.carriers) == 2 else "not removed, by one carrier"
    head = ["", ">value", ">error", ">model bias", ">morning's bias"]
    head += [">recipe"] if recipe is not None else []
    rows = []
    for name, title in ROWS.items():
        estimate = getattr(found, name)
        digits = _digits(estimate.sd)
        cells = [f"{estimate.value:.{digits}f}", f"{estimate.sd:.{digits}f}" if estimate.sd else "given"]
        cells += [_bias(table[name]) for table in (found.model_bias, found.ionosphere_bias)]
        cells += [f"{recipe[name]:.{digits}f}"] if recipe is not None else []
        rows.append((title, *cells))
    out.write(f"model: {found.model}; ionosphere: {removed}\n")
    show_table(head, rows, file=out)
    lines = []
    if found.time_shift_s is not None and found.node_shift_deg is not None:
        late, node = found.time_shift_s, found.node_shift_deg
        assert start is not None, "a known orbit has a start"
        first = parse_time(start) - timedelta(seconds=late.value)
        lines.append(
            f"by that orbit, good to 3 s, the first sample was at {first:%Y-%m-%d %H:%M:%S.%f} UTC "
            f"+- {late.sd:.2g} s; its node is off by {node.value:+.4f} +- {node.sd:.2g} deg"
        )
    for one in found.carriers:
        drift = one.drift_hz_per_s
        drifting = "" if drift is None else f", oscillator {drift.value:+.4f} +- {drift.sd:.4f} Hz/s"
        lines.append(
            f"{one.frequency_hz / 1e6:g} MHz: {one.used.size} tones, {int((~one.used).sum())} outliers, {one.sideband} "
            f"sideband, residual {one.rms_hz:.3f} Hz rms, {one.misfit:.1f} of the tones' errors{drifting}"
        )
    if any(one.misfit > SYSTEMATIC for one in found.carriers):
        lines.append("more is left than the tones' errors explain: the biases are what to quote, not the errors")
    lines.append(f"correlation of distance and speed: {found.correlation[2, 3]:.3f}")
    lines += ["what one pass over one place does not tell:", *(f"  {what}" for what in UNDETERMINED)]
    out.write("\n".join(lines) + "\n")


def _digits(sd: float) -> int:
    """Decimals that show two figures of an error."""
    return min(max(1 - floor(log10(sd)), 0), 6) if sd > 0 and isfinite(sd) else 4


def _bias(estimate: Estimate) -> str:
    if not isfinite(estimate.value):
        return "not known"
    digits = _digits(estimate.sd)
    return f"{estimate.value:+.{digits}f} +- {estimate.sd:.{digits}f}"
