"""A scenario as text in a link, and changed by a page: what comes from a browser becomes a scenario or an error."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from beep.base.errors import BeepError, ScenarioError
from beep.base.text import quoted
from beep.scenario.presets import beacon, character, preset
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_dict, to_dict
from beep.stream.plan import Plan, make_plan

PAGE_RATE_HZ = 48_000
LONGEST_PAGE_S = 7200.0  # of a recording: bounds what a pass costs
MOST_FIELDS = 100


def to_link(scenario: Scenario) -> str:
    """Return the fields that differ from the default scenario, as the query of a link; the inverse of `from_link`.

    It is never empty: a page without a link plays what its server was started with.
    """
    usual, table = to_dict(Scenario()), to_dict(scenario)
    changed = {name: value for name, value in table.items() if value != usual.get(name)}
    changed = changed or {"altitude_km": table["altitude_km"]}
    return "&".join(f"{name}={quote(_written_value(value), safe=',:/')}" for name, value in changed.items())


def from_link(link: str) -> Scenario:
    """Return the scenario of a link's query, at the page's sample rate; raises ScenarioError where there is none."""
    try:
        pairs = parse_qsl(link, keep_blank_values=True, strict_parsing=bool(link), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ScenarioError(f"a link must be NAME=VALUE&NAME=VALUE, got {quoted(link)}") from None
    return with_changes(Scenario(), {name: _read_value(text) for name, text in pairs})


def _written_value(value: Any) -> str:
    """Text as it is, where that is not the JSON of something else; any other value as JSON."""
    plain = isinstance(value, str) and _read_value(value) == value
    return value if plain else json.dumps(value, separators=(",", ":"))


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def with_changes(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Return a scenario with changed fields, None for the default, at the page's sample rate.

    The names `character` and `beacon` change all fields of the receiver, or carriers and keying. Raises ScenarioError
    for whatever else a browser may send.
    """
    changes = dict(changes)
    receiver, satellite = changes.pop("character", None), changes.pop("beacon", None)
    try:
        if receiver is not None:
            scenario = character(str(receiver), scenario)
        sent = {} if satellite is None else beacon(str(satellite))
        table = to_dict(scenario) | sent | changes | {"sample_rate_hz": PAGE_RATE_HZ}
        return from_dict({name: value for name, value in table.items() if value is not None})
    except BeepError:
        raise
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise ScenarioError(f"these are no values of a scenario: {quoted(changes)}") from None


def requested_scenario(base: Scenario, preset_name: Any, link: Any) -> Scenario:
    """Return the scenario that a page asks for: of a preset, of a link, or `base` where it names none."""
    if preset_name is not None:
        return with_changes(preset(str(preset_name)), {})
    return base if link is None else from_link(str(link))


def page_plan(scenario: Scenario) -> Plan:
    """Return the plan of a scenario. Raises ScenarioError where it is too long for the page."""
    plan = make_plan(scenario)
    if plan.reception.duration_s > LONGEST_PAGE_S:
        raise ScenarioError(
            f"a recording on the page must be at most {LONGEST_PAGE_S:g} s long, got {plan.reception.duration_s:.0f}; "
            f"give a duration_s, or use beep export"
        )
    return plan


def refusal(error: BeepError, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message for a page: what is wrong, and the changed field that the error names, or the only one."""
    message = str(error)
    named = [name for name in changes if re.search(rf"\b{re.escape(name)}\b", message)] or list(changes)
    field = named[0] if named and (len(changes) == 1 or len(named) < len(changes)) else None
    return {"type": "refused", "field": field, "message": message, "changes": dict(changes)}
