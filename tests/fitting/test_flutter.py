"""Correlated errors of the tones: found, and in the standard errors."""

import numpy as np
import pytest
from fitting.flutter_pulls import pulls, tones_with_flutter

from beep.fitting.fit import fit


@pytest.mark.parametrize(("carriers", "time_s"), [(1, 0.1), (1, 1.0), (2, 2.0)])
def test_flutter_widens_the_errors(monkeypatch, carriers, time_s):
    """0.6 % of flutter, also shared by two carriers, is found with its size, and pulls keep about unit width."""
    monkeypatch.setattr("beep.fitting.fit._alternatives", lambda *_: ())
    rng = np.random.default_rng(12)
    rows = []
    for _ in range(8):
        fitted = fit(tones_with_flutter(carriers, time_s, rng))
        assert fitted.flutter is not None
        assert fitted.flutter.shared
        assert 4 < fitted.flutter.rms_hz < 9
        assert fitted.flutter.time_s < 5
        assert 0.7 < fitted.carriers[0].misfit < 1.3
        rows.append(pulls(fitted))

    assert 0.6 < np.sqrt(np.mean(np.square(rows))) < 1.5
