"""Places as people type them."""

import pytest

from beep.base.errors import ScenarioError
from beep.geometry.stations import STATIONS, Station, parse_station

CENTRES = {  # maidenhead 1.8.0 of PyPI: maidenhead.to_location(locator, center=True)
    "JO02ab": (52.0625, 0.041666666666666664),
    "JN58td": (48.145833333333336, 11.625),
    "RE78": (-41.5, 175.0),
    "JO02ab12": (52.052083333333336, 0.0125),
    "AA00aa": (-89.97916666666667, -179.95833333333334),
    "RR99xx": (89.97916666666667, 179.95833333333334),
}


@pytest.mark.parametrize("locator", CENTRES)
def test_locators(locator):
    """A locator is the centre of its square, in any case, as another program computes it."""
    for text in (locator, locator.lower(), f" {locator.upper()} "):
        place = parse_station(text)
        assert (place.latitude_deg, place.longitude_deg) == pytest.approx(CENTRES[locator], abs=1e-9)
        assert place.height_m == 0


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("48.1N,11.5E", (48.1, 11.5, 0.0)),
        ("48.1 n, 11.5 w, 500", (48.1, -11.5, 500.0)),
        ("41.2S,174.7E", (-41.2, 174.7, 0.0)),
        ("48.1\N{DEGREE SIGN}N,-11.5", (48.1, -11.5, 0.0)),
        ("-31.1,136.8", (-31.1, 136.8, 0.0)),
    ],
)
def test_coordinates(text, place):
    """Letters or signs tell north from south and east from west."""
    latitude_deg, longitude_deg, height_m = place
    assert parse_station(text) == Station(latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)


@pytest.mark.parametrize("text", ["JO02a", "ZZ99", "11.5E,48.1N", "48.1", "48,1,11,5", "N,E", "", "48.1NS,11.5E"])
def test_what_is_no_place(text):
    """What is neither a name nor a place is refused with the ways to write one."""
    with pytest.raises(ScenarioError, match=r"station must be LAT,LON\[,HEIGHT_M\], a locator like JO02ab, or one of"):
        parse_station(text)


def test_no_name_is_a_locator():
    """A known name is never read as a locator."""
    assert all(parse_station(name) == place for name, place in STATIONS.items())
