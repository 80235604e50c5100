"""Correlated errors of the tones: found, and in the standard errors."""

import numpy as np
import pytest

from beep.fitting.curves import closest_approach
from beep.fitting.fit import QUANTITIES, fit
from beep.fitting.solve import Tones
from beep.geometry.look import simple_pass


@pytest.mark.parametrize("time_s", [0.1, 1.0])
def test_flutter_widens_the_errors(monkeypatch, time_s):
    """0.6 % of flutter on tones good to 0.3 Hz is found with its size, and pulls keep about unit width."""
    monkeypatch.setattr("beep.fitting.fit._alternatives", lambda *_: ())
    rng = np.random.default_rng(12)
    look = simple_pass(altitude_m=500e3, max_elevation_rad=1.0, tca_s=300.0)
    true = [1000.0, *closest_approach(look, guess_s=300.0)]
    t_s, pulls = np.arange(120.0, 480.0, 1.5), []
    correlation = np.exp(-np.abs(t_s[:, None] - t_s) / time_s)
    factor = np.linalg.cholesky(correlation)
    for _ in range(10):
        tone_hz = (1000 - 20.005e6 * look(t_s).delay_rate) * (1 + 0.006 * factor @ rng.standard_normal(t_s.size))
        tones = Tones(
            frequency_hz=20.005e6,
            t_s=t_s,
            tone_hz=tone_hz + 0.3 * rng.standard_normal(t_s.size),
            sd_hz=np.full(t_s.size, 0.3),
        )
        fitted = fit(tones)
        assert fitted.flutter is not None
        assert 4 < fitted.flutter.rms_hz < 9
        assert 0.7 < fitted.carriers[0].misfit < 1.3
        pulls.append(
            [(getattr(fitted, q).value - v) / getattr(fitted, q).sd for q, v in zip(QUANTITIES, true, strict=True)]
        )

    assert 0.5 < np.sqrt(np.mean(np.square(pulls))) < 1.6
