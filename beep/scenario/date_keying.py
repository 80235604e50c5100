"""Keying of Sputnik 1 by date."""

from dataclasses import dataclass
from datetime import UTC, datetime

from beep.base.choices import Key
from beep.geometry.sputnik import ON_AIR, check_date

FIRST_RATE, LAST_RATE = 108.0, 150.0  # pulses per minute
RATE_UNTIL = datetime(1957, 10, 8, tzinfo=UTC)
SILENT_FROM, SILENT_UNTIL = datetime(1957, 10, 8, 12, tzinfo=UTC), datetime(1957, 10, 8, 18, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class DayKeying:
    """Keying of Sputnik 1 at a time, and how well it is known."""

    key: Key
    pulse_s: float
    pause_s: float
    grade: str


def keying_on(when: datetime) -> DayKeying:
    """Keying of Sputnik 1 at a time between separation and the end of the battery.

    108 pulses per minute at first, 150 by 7 October (Wireless World, December 1957, as recalled in October 1987); from
    about 8 October silent for several hours, then a continuous carrier (Radio & TV News, February 1958). Assumed: a
    linear rise of the rate until the end of 7 October (the Dallas tape of that morning has 134 where this gives 140),
    pulse and pause of equal length, and silence from 12 to 18 h on 8 October. Some beeps were still heard on 9 October:
    the change was intermittent, which is not modelled.
    """
    check_date(when)
    share = min(max((when - ON_AIR) / (RATE_UNTIL - ON_AIR), 0.0), 1.0)
    half_s = 30.0 / (FIRST_RATE + share * (LAST_RATE - FIRST_RATE))
    if when < SILENT_FROM:
        return DayKeying(key="keyed", pulse_s=half_s, pause_s=half_s, grade="M57 at both ends, assumed between")
    if when < SILENT_UNTIL:
        return DayKeying(key="silent", pulse_s=half_s, pause_s=half_s, grade="M57, the hours assumed")
    return DayKeying(key="continuous", pulse_s=half_s, pause_s=half_s, grade="M57, the hour assumed")
