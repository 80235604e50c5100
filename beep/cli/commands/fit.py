"""`beep fit`: finds time, distance and speed of the satellite of a recorded pass."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from beep.base.choices import Orbit, Sideband
from beep.base.errors import BeepError, FitError
from beep.cli.messages import note, stdout, warn
from beep.cli.options import open_input
from beep.cli.parser import Parser, read_number
from beep.scenario.scenario import MOST_MHZ, SPUTNIK_1
from beep.scenario.toml import from_comment

if TYPE_CHECKING:
    from beep.fitting.fit import PassFit
    from beep.scenario.scenario import Scenario

SATELLITE_KM_S = (6.0, 9.0)
CARRIERS_MHZ = [carrier.frequency_mhz for carrier in SPUTNIK_1]
POOR_HZ, POOR_MISFIT = 0.5, 10.0  # of residuals that noise does not explain


def add(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a recording of a pass; - for a stream on stdin")
    model = parser.add_argument_group("model")
    model.add_argument(
        "--orbit",
        choices=get_args(Orbit),
        default="circular",
        help="orbit of the satellite: circular, a straight line, or the known orbit of Sputnik 1 shifted in time and "
        "node (default: circular)",
    )
    model.add_argument(
        "--altitude-km",
        type=float,
        metavar="KM",
        help="height of the circular orbit (default: found by the fit)",
    )
    model.add_argument(
        "--station", metavar="PLACE", help="place of the receiver, for sputnik1: a name or LAT,LON[,HEIGHT_M]"
    )
    model.add_argument(
        "--start", metavar="UTC", help="time in ISO 8601, for sputnik1: the fit takes the first pass after it"
    )
    receiver = parser.add_argument_group("receiver")
    receiver.add_argument(
        "--carrier-mhz",
        type=_frequency,
        action="append",
        metavar="MHZ",
        help="carrier frequency of the mono or left channel; given twice: also of the right one "
        f"(default: {' and '.join(map(str, CARRIERS_MHZ))})",
    )
    receiver.add_argument(
        "--sideband",
        choices=get_args(Sideband),
        help="upper: the tone falls during the pass; lower: it rises (default: as the tone does)",
    )
    receiver.add_argument("--drift", action="store_true", help="fit a constant drift of the oscillator as well")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print the result as JSON")
    output.add_argument(
        "--blind", action="store_true", help="do not read the scenario in the file's comment: no date, no comparison"
    )


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.fit_table import fit_as_json, show_fit
    from beep.fitting.fit import fit, model_of
    from beep.measuring.measure import measure

    names = ("orbit", "altitude_km", "station", "start")
    settings: dict[str, Any] = {name: getattr(arguments, name) for name in names}
    carriers_mhz = arguments.carrier_mhz or CARRIERS_MHZ
    if len(carriers_mhz) > 2:
        raise FitError(f"a fit takes one or two carriers, got --carrier-mhz {len(carriers_mhz)} times; drop the others")
    dated_by_file = arguments.orbit == "sputnik1" and arguments.start is None and not arguments.blind
    if not dated_by_file:
        model_of(**settings)  # reports a wrong option before the long measurement
    with open_input(arguments.file) as recording:
        scenario = None if arguments.blind else from_comment(recording.comment)
        if dated_by_file:
            settings["start"] = _date_of(scenario, arguments)
            model_of(**settings)
        measurements = measure(recording)
    carriers_hz = [mhz * 1e6 for mhz in carriers_mhz]
    fitted = fit(measurements, carriers_hz=carriers_hz, **settings, sideband=arguments.sideband, drift=arguments.drift)
    if arguments.carrier_mhz is None:
        _note_carriers(fitted, scenario, arguments)
    _warn_of_doubts(fitted, arguments)
    recipe = None if scenario is None else _recipe(scenario)
    if arguments.json:
        stdout().write(json.dumps(fit_as_json(fitted, recipe), indent=1, allow_nan=False) + "\n")
    else:
        show_fit(stdout(), fitted, recipe, start=settings["start"])


def _frequency(text: str) -> float:
    value = read_number(text)
    if not 0 < value <= MOST_MHZ:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MOST_MHZ:g}, got {text!r}")
    return value


def _date_of(scenario: Scenario | None, arguments: argparse.Namespace) -> datetime | None:
    """Return the start in the recipe of a file, the only thing of it that a fit uses."""
    if scenario is None or not isinstance(scenario.start, datetime):
        return None
    note(f"--start {scenario.start:%Y-%m-%dT%H:%MZ}, from the file's own recipe", arguments)
    return scenario.start


def _recipe(scenario: Scenario) -> dict[str, float] | None:
    """Return the fitted quantities as a recipe has them; None where it has no pass."""
    from beep.fitting.curves import closest_approach
    from beep.stream.resolve import receive

    if scenario.still:
        return None
    try:
        reception = receive(scenario)
    except BeepError:
        return None
    tca_s, distance_km, speed_km_s = map(float, closest_approach(reception.look, guess_s=reception.tca_s))
    f0_hz = scenario.tone_without_doppler_hz(scenario.heard[0])
    return {"f0_hz": f0_hz, "tca_s": tca_s, "distance_km": distance_km, "speed_km_s": speed_km_s}


def _note_carriers(fit: PassFit, scenario: Scenario | None, arguments: argparse.Namespace) -> None:
    """Print which frequencies were assumed, and those of the file's recipe where they differ."""
    assumed_hz = [carrier.frequency_hz for carrier in fit.carriers]
    recipe_hz = assumed_hz if scenario is None else [carrier.frequency_mhz * 1e6 for carrier in scenario.heard]
    assumed, recipe = ([f"{hz / 1e6:g}" for hz in carriers_hz] for carriers_hz in (assumed_hz, recipe_hz))
    text = f"assumed: {' and '.join(assumed)} MHz; "
    if set(assumed_hz) <= set(recipe_hz):
        text += "give another frequency with --carrier-mhz MHZ"
    else:
        options = " ".join(f"--carrier-mhz {mhz}" for mhz in recipe)
        text += f"but the file's own recipe says {' and '.join(recipe)}: {options}"
    note(text, arguments)


def _warn_of_doubts(fit: PassFit, arguments: argparse.Namespace) -> None:
    """Warn of a speed that no satellite has, and of residuals beyond the errors of the tones."""
    if not SATELLITE_KM_S[0] < fit.speed_km_s.value < SATELLITE_KM_S[1]:
        warn(
            f"{fit.speed_km_s.value:.2f} km/s is not the speed of a satellite; check the carrier (--carrier-mhz) and "
            "that the recording has the whole pass",
            arguments,
        )
    for carrier in fit.carriers:
        if carrier.rms_hz > POOR_HZ and carrier.misfit > POOR_MISFIT:
            warn(
                f"the model leaves {carrier.rms_hz:.2g} Hz rms at {carrier.frequency_hz / 1e6:g} MHz, "
                f"{carrier.misfit:.0f} times the tones' errors (an ionosphere beyond its first order, or another "
                "orbit): the true errors are larger than those printed",
                arguments,
            )
