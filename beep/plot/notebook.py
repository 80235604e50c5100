"""How a scenario and a measurement show themselves in a notebook: a table, a picture, and a player."""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from beep.base.errors import BeepError, ExtraError
from beep.base.figures import with_error
from beep.output.wav import write_wav
from beep.plot.preview import at_low_rate, heard_from_s
from beep.stream.resolve import receive
from beep.stream.tiles import render
from beep.stream.words import date, describe, orbit, place, recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from beep.base.arrays import Samples
    from beep.measuring.measure import Measurement
    from beep.plot.style import Figure, Paper
    from beep.scenario.scenario import Scenario

PLAYED_S = 10.0
PLAYED_RATE_HZ = 12_000
LEAST_RATE_TO_TONE = 2.5
EDGE_S = 0.003  # of a beep that is made anew
SIZE_IN, DPI = (7.0, 3.6), 90.0


def scenario_html(scenario: Scenario) -> str:
    """HTML of a scenario: what it is, its S-curve, and ten seconds of its sound from where it can be heard."""
    rows = {"recipe": recipe(scenario), "place": place(scenario), "orbit": orbit(scenario).removeprefix("orbit: ")}
    try:
        reception = receive(scenario)
        rows |= {"date": date(reception.epoch) or "none"}
        rows |= dict(line.split(": ", 1) for line in describe(reception).splitlines() if ": " in line)
        light = at_low_rate(scenario)
        from_s = heard_from_s(scenario)
        rate_hz = light.sample_rate_hz
        until_s = min(from_s + PLAYED_S, reception.duration_s)
        samples = render(light, start=round(from_s * rate_hz), stop=round(until_s * rate_hz))
        player = _player(samples, rate_hz, f"{until_s - from_s:.0f} s of its sound, from {from_s:.0f} s on")
    except BeepError as error:
        return _page("Scenario", rows | {"cannot be received": str(error)})

    def drawn(paper: Paper) -> Figure:
        from beep.plot import doppler

        return doppler(scenario, paper=paper)

    return _page("Scenario", rows, _picture("Doppler curve", drawn), player)


def measurement_html(measurement: Measurement) -> str:
    """HTML of a measurement: its values, tones and lengths drawn, and its first beeps made anew from them."""
    m = measurement
    if not m.beeps:
        return _page("Measurement", {"beeps": "0", "what there is": m.note or "nothing that is keyed"})
    values = {
        "pulse": (m.pulse_s, m.pulse_s_sd, 1e3, "ms"),
        "pause": (m.pause_s, m.pause_s_sd, 1e3, "ms"),
        "period": (m.period_s, m.period_s_sd, 1e3, "ms"),
        "tone": (m.tone_hz, m.tone_hz_sd, 1.0, "Hz"),
        "drift": (m.drift_hz_per_s, m.drift_hz_per_s_sd, 1.0, "Hz/s"),
        f"SNR in {m.snr_bandwidth_hz:g} Hz": (m.snr_db, m.snr_db_sd, 1.0, "dB"),
    }
    rows = {"beeps": str(m.beeps)}
    rows |= {name: with_error(value * unit, sd * unit, word) for name, (value, sd, unit, word) in values.items()}
    rows |= {"keyed like": m.keying} | ({"note": m.note} if m.note else {})

    def drawn(paper: Paper) -> Figure:
        from beep.plot import measured

        return measured(m, paper=paper)

    samples, rate_hz = _made_anew(m)
    words = f"{len(samples) / rate_hz:.0f} s of the beeps, made anew as they were measured"
    return _page("Measurement", rows, _picture("Tones and lengths", drawn), _player(samples, rate_hz, words))


def _made_anew(measurement: Measurement) -> tuple[Samples, int]:
    """Samples (N, 1) of the first beeps, each a tone of its measured start, length, pitch and level."""
    pulses = measurement.pulses
    known = np.isfinite(pulses.start_s + pulses.length_s + pulses.tone_hz)
    tones_hz = pulses.tone_hz[known]
    rate_hz = PLAYED_RATE_HZ
    while tones_hz.size and rate_hz < LEAST_RATE_TO_TONE * tones_hz.max():
        rate_hz *= 2
    begin_s = float(pulses.start_s[0])
    until_s = min(begin_s + PLAYED_S, float(np.nanmax(pulses.start_s + pulses.length_s)))
    t_s = begin_s + np.arange(max(1, round((until_s - begin_s) * rate_hz))) / rate_hz
    sound = np.zeros(t_s.size)
    for start_s, length_s, tone_hz in zip(pulses.start_s[known], pulses.length_s[known], tones_hz, strict=True):
        within = np.clip(np.minimum(t_s - start_s, start_s + length_s - t_s) / EDGE_S + 0.5, 0.0, 1.0)
        sound += np.sin(np.pi / 2 * within) ** 2 * np.sin(2 * np.pi * tone_hz * (t_s - start_s))
    return (0.5 * sound[:, None]).astype(np.float32), rate_hz


def _picture(title: str, drawn: Callable[[Paper], Figure]) -> str:
    """An image of what is drawn, or how to get one."""
    try:
        from beep.plot import Paper, save
    except ExtraError as error:
        return f"<p>{escape(str(error))}</p>"
    file = io.BytesIO()
    save(drawn(Paper(size_in=SIZE_IN, dpi=DPI)), file, kind="png")
    return f'<img alt="{title}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


def _player(samples: Samples, rate_hz: int, words: str) -> str:
    file = io.BytesIO()
    write_wav(file, [samples], frames=len(samples), sample_rate_hz=rate_hz, channels=samples.shape[1])
    source = f"data:audio/wav;base64,{b64encode(file.getvalue()).decode()}"
    return f'<p><audio controls preload="none" src="{source}"></audio><br>{escape(words)}</p>'


def _page(title: str, rows: dict[str, str], *parts: str) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    return f"<div><table><caption>{title}</caption>{cells}</table>{''.join(parts)}</div>"
