"""`beep fit`: from the tones of a recorded pass to when, how far and how fast the satellite flew by."""

from __future__ import annotations

import argparse
import json
import sys
from math import isfinite
from typing import TYPE_CHECKING, Any, get_args

from beep.choices import Orbit, Sideband
from beep.errors import BeepError
from beep.scenario import SPUTNIK_1
from beep.terminal import say, stdout

if TYPE_CHECKING:
    from beep.fit import Estimate, PassFit
    from beep.recording import Recording

ROWS = (
    ("tca_s", "closest approach", "s", 3),
    ("distance_km", "distance there", "km", 2),
    ("speed_km_s", "speed there", "km/s", 4),
    ("f0_hz", "tone without Doppler", "Hz", 3),
)
SATELLITE_KM_S = (6.0, 9.0)
CARRIERS = ",".join(f"{carrier.frequency_mhz:g}" for carrier in SPUTNIK_1)


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
        "--carriers-mhz",
        type=_frequencies,
        default=CARRIERS,
        metavar="MHZ[,MHZ]",
        help=f"of mono or left, and right (default: {CARRIERS})",
    )
    receiver.add_argument(
        "--sideband", choices=get_args(Sideband), help="does the tone fall or rise (default: as it does)"
    )
    receiver.add_argument("--drift", action="store_true", help="let the oscillator drift evenly")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print the result as JSON")
    output.add_argument("--blind", action="store_true", help="do not compare with the recipe in the file's comment")


def run(arguments: argparse.Namespace) -> None:
    from beep.fit import fit_pass, tones_of
    from beep.measure import measure
    from beep.recording import open_recording
    from beep.rules import parse_time
    from beep.stations import parse_station

    with open_recording(sys.stdin.buffer if arguments.file == "-" else arguments.file) as recording:
        found = fit_pass(
            tones_of(measure(recording), carriers_hz=arguments.carriers_mhz),
            orbit=arguments.orbit,
            altitude_km=arguments.altitude_km,
            station=None if arguments.station is None else parse_station(arguments.station),
            start=None if arguments.start is None else parse_time(arguments.start),
            sideband=arguments.sideband,
            drift=arguments.drift,
        )
        recipe = None if arguments.blind else _recipe(recording, found)
    for one in found.carriers:
        tail = "; if it is another, say so: --carriers-mhz" if len(found.carriers) == 1 else ""
        say(f"beep: assumed: {one.frequency_hz / 1e6:g} MHz{tail}", arguments)
    if not SATELLITE_KM_S[0] < found.speed_km_s.value < SATELLITE_KM_S[1]:
        say(
            f"beep: warning: {found.speed_km_s.value:.2f} km/s is no satellite's speed; is the carrier right "
            f"(--carriers-mhz), is it a whole pass?",
            arguments,
        )
    if arguments.json:
        stdout().write(json.dumps(to_json(found, recipe), indent=1, allow_nan=False) + "\n")
    else:
        stdout().write(_text(found, recipe))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def _frequencies(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not 1 <= len(values) <= 2 or not all(0 < value <= 500 for value in values):
        raise argparse.ArgumentTypeError(f"must be one or two frequencies up to 500 MHz, like {CARRIERS}, got {text!r}")
    return [value * 1e6 for value in values]


def _recipe(recording: Recording, found: PassFit) -> dict[str, float] | None:
    """What the recipe in a file of ours says of the same quantities; for comparison, the fit has not seen it."""
    from beep.curves import closest
    from beep.reception import receive
    from beep.recipe import from_dict

    try:
        scenario = from_dict(json.loads(recording.comment))
        reception = receive(scenario)
    except (ValueError, BeepError):
        return None
    if scenario.still:
        return None
    tca_s, distance_km, speed_km_s = map(float, closest(reception.look, near_s=reception.tca_s))
    return {"f0_hz": scenario.tone_hz, "tca_s": tca_s, "distance_km": distance_km, "speed_km_s": speed_km_s}


def to_json(found: PassFit, recipe: dict[str, float] | None) -> dict[str, Any]:
    """The fit as JSON has it: what is not a number is null."""
    from beep.fit import QUANTITIES, UNDETERMINED

    correlation = [dict(zip(QUANTITIES, row, strict=True)) for row in found.correlation.tolist()]
    table: dict[str, Any] = {name: _plain(getattr(found, name)) for name in QUANTITIES}
    table |= {
        "model": found.model,
        "residual_rms_hz": found.residual_rms_hz,
        "correlation": dict(zip(QUANTITIES, correlation, strict=True)),
        "model_bias": {name: _plain(estimate) for name, estimate in found.model_bias.items()},
        "ionosphere": found.ionosphere,
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


def _text(found: PassFit, recipe: dict[str, float] | None) -> str:
    from beep.fit import UNDETERMINED

    head = f"{'':22}{'value':>12} {'':5}{'error':>9}{'model bias':>22}"
    lines = [f"model: {found.model}; ionosphere: {found.ionosphere}", head + (f"{'recipe':>13}" if recipe else "")]
    for name, title, unit, digits in ROWS:
        estimate, bias = getattr(found, name), found.model_bias[name]
        line = f"{title:22}{estimate.value:12.{digits}f} {unit:5}{estimate.sd:9.{digits}f}"
        both = f"{bias.value:+.{digits}f} +- {bias.sd:.{digits}f}"
        line += f"{both if isfinite(bias.value) else 'not known':>22}"
        lines.append(line + (f"{recipe[name]:13.{digits}f}" if recipe else ""))
    if found.time_shift_s is not None and found.node_shift_deg is not None:
        lines.append(
            f"shifts: {found.time_shift_s.value:+.2f} +- {found.time_shift_s.sd:.2f} s later than predicted, if the first "
            f"sample was at --start; node {found.node_shift_deg.value:+.4f} +- {found.node_shift_deg.sd:.4f} deg"
        )
    for one in found.carriers:
        drift = one.drift_hz_per_s
        drifting = "" if drift is None else f", oscillator {drift.value:+.4f} +- {drift.sd:.4f} Hz/s"
        lines.append(
            f"{one.frequency_hz / 1e6:g} MHz: {one.used.size} tones, {int((~one.used).sum())} outliers, {one.sideband} "
            f"sideband, residual {one.rms_hz:.3f} Hz rms{drifting}"
        )
    lines.append(f"correlation of distance and speed: {found.correlation[2, 3]:.3f}")
    lines.append(f"one pass over one place does not tell {'; nor '.join(UNDETERMINED)}")
    return "\n".join(lines) + "\n"
