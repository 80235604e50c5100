"""Tables of times and frequencies: their forms, a fit of one, and what is refused."""

import numpy as np
import pytest

from beep.base.errors import FitError
from beep.fitting.fit import fit
from beep.fitting.table import read_tones
from beep.geometry.look import simple_pass

FORMS = {
    "seconds": "t_s,f_hz,sd_hz\n0,20005100,1\n60,20004900,2\n",
    "utc": "UTC;Frequency (MHz);sd_hz\n2023-05-01T10:00:00Z;20.0051;1\n2023-05-01 10:01:00;20.0049;2\n",
    "clock": "# by hand\ntime\tfrequency_khz\tsd_hz\n23:59:30\t20005.1\t1\n00:00:30\t20004.9\t2\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(tmp_path, form):
    """Names, units and separators as people write them give the same tones."""
    path = tmp_path / "table.csv"
    path.write_text(FORMS[form])
    tones = read_tones(path)

    assert np.diff(tones.t_s) == [60.0]
    assert tones.tone_hz == pytest.approx([20005100, 20004900])
    assert list(tones.sd_hz) == [1, 2]
    assert (tones.epoch is not None) == (form == "utc")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "got nothing"),
        ("t_s,voltage\n1,2\n", "line 1 must name a frequency"),
        ("t_s,f_mhz\n1,20\n2,20;1\n", "line 3 must have a number"),
        ("t_s,f_mhz\n1,20\n2\n", "line 3 must have 2 columns"),
        ("utc,f_mhz\nnoon,20\n", "line 2 must have a time"),
        ("t_s,f_hz\n1,900\n", "frequency of the carrier"),
    ],
)
def test_wrong_tables_are_refused(tmp_path, text, match):
    """The error names the line."""
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(FitError, match=match):
        read_tones(path)


def test_seventeen_rows_without_errors(tmp_path):
    """The scatter gives the errors, and the distance is within them."""
    t_s = np.linspace(0.0, 800.0, 17)
    look = simple_pass(altitude_m=1000e3, max_elevation_rad=0.9, tca_s=410.0)
    f_hz = 29.4e6 * (1 - look(t_s).delay_rate) + 10 * np.random.default_rng(3).standard_normal(17)
    path = tmp_path / "lab.csv"
    path.write_text("t_s,f_mhz\n" + "".join(f"{t},{f / 1e6:.7f}\n" for t, f in zip(t_s, f_hz, strict=True)))
    fitted = fit(read_tones(path))
    true_km = float(look(np.array([410.0])).range_m[0]) / 1e3

    assert 5 < fitted.carriers[0].sd_hz[0] < 18
    assert abs(fitted.distance_km.value - true_km) < 4 * fitted.distance_km.sd < 400
