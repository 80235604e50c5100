"""Doppler curves in the file formats of gr-satellites and strf; the Doppler itself comes from `beep.stream.track`.

References: gr-satellites, "Doppler correction" block and its `tle_to_doppler_file.py` (Unix time and Doppler of one
carrier, positive when approaching); strf, `rffit.c` and `data/sites.txt` (MJD, received frequency in Hz, flux, number
of the site).
"""

from collections.abc import Iterable
from typing import TextIO

import numpy as np

from beep.base.errors import ScenarioError
from beep.output.table import Table

DAY_US = 86_400_000_000
UNIX_EPOCH_MJD = 40_587
FIVE_DIGIT_DAYS = range(10_000, 100_000)  # strf takes a number of five digits for an MJD
FLUX_KM = 1000.0  # range at which the flux is 1


def write_doppler(file: TextIO, tables: Iterable[Table]) -> None:
    """Write `unix_time<tab>frequency_offset_hz` rows from tables of a track with one Doppler column."""
    for table in tables:
        offset_hz = _doppler_hz(table)
        file.writelines(f"{us / 1e6:.6f}\t{hz:.9f}\n" for us, hz in zip(_unix_us(table), offset_hz, strict=True))


def write_strf(file: TextIO, tables: Iterable[Table], *, frequency_hz: float, site: int) -> None:
    """Write `MJD<tab>frequency<tab>flux<tab>site` rows for the times at which the satellite is above the horizon.

    The frequency is that received from a carrier of `frequency_hz`. The flux falls with the square of the range and is
    1 at 1000 km. Raises ScenarioError before 1886 and after 2132, where an MJD does not have five digits.
    """
    for table in tables:
        columns = zip(_unix_us(table), _doppler_hz(table), table["range_km"], table["elevation_deg"] > 0, strict=True)
        for us, offset_hz, range_km, up in columns:
            days, rest_us = divmod(us, DAY_US)
            mjd = days + UNIX_EPOCH_MJD
            if mjd not in FIVE_DIGIT_DAYS:
                raise ScenarioError(f"strf reads dates from 1886 to 2132 only, got MJD {mjd}; choose another start")
            if up:
                day = f"{rest_us / DAY_US:.11f}"[1:]
                file.write(
                    f"{mjd}{day}\t{frequency_hz + offset_hz:14.3f}\t{(FLUX_KM / range_km) ** 2:8.3f}\t{site:04d}\n"
                )


def _doppler_hz(table: Table) -> list[float]:
    (name,) = [name for name in table if name.startswith("doppler_")]
    return list(table[name])


def _unix_us(table: Table) -> list[int]:
    if np.isnat(table["utc"]).any():
        raise ScenarioError("this format has absolute times, but the scenario has no date; give a start")
    return list(map(int, table["utc"].astype("datetime64[us]").astype(np.int64)))
