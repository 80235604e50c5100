"""Pictures of a scenario: its Doppler curve, and a sheet of the whole pass."""

from matplotlib.figure import Figure

from beep.plot.panels import (
    carriers_of,
    channel_name,
    clocks,
    elevation_and_level,
    facts,
    s_curve,
    sky,
    truth_of,
    waterfalls,
)
from beep.plot.preview import scenario_spectrogram
from beep.plot.style import EDGE_IN, LEFT_IN, PANEL_TITLE_IN, RIGHT_IN, TICKS_IN, Paper, axes_at, framed, sheet
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.words import footer, title

GAP_IN = 0.1
SKY_IN = 2.35
FACT_IN = 0.16  # height of a line


def doppler_curve(scenario: Scenario, *, paper: Paper | None = None) -> Figure:
    """Doppler shift of every carrier through the pass, as received.

    Raises ScenarioError where there is nothing to receive.
    """
    paper = paper or Paper()
    reception = receive(scenario)
    heading = f"Doppler curve: {title(reception)}"
    with sheet(paper, default_in=(10.0, 6.0), least_in=(5.0, 3.5)) as figure:
        head_in, foot_in = framed(figure, heading, footer(reception), paper=paper)
        width_in, height_in = figure.get_size_inches()
        high_in = height_in - head_in - foot_in - TICKS_IN - (TICKS_IN if reception.epoch else 0.1)
        axes = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, width_in - LEFT_IN - 0.35, high_in)
        s_curve(axes, reception, truth_of(reception), paper)
        clocks(axes, axes, reception)
    return figure


def pass_sheet(scenario: Scenario, *, paper: Paper | None = None) -> Figure:
    """Doppler curve, elevation and level, track over the sky, and waterfall of a pass.

    The waterfall is of the scenario's sound at a low sample rate. Raises ScenarioError where there is nothing to
    receive.
    """
    paper = paper or Paper()
    reception = receive(scenario)
    truth = truth_of(reception)
    numbers = scenario_spectrogram(scenario)
    heading = f"Pass sheet: {title(reception)}"
    with sheet(paper, default_in=(12.0, 9.0), least_in=(8.0, 6.0)) as figure:
        notes = [*footer(reception), f"waterfall: {numbers.how}"]
        head_in, foot_in = framed(figure, heading, notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        above_in = head_in + (TICKS_IN if reception.epoch else 0.1)
        free_in = height_in - above_in - foot_in - GAP_IN - 2 * TICKS_IN - PANEL_TITLE_IN
        curve_in, level_in, fall_in = 0.34 * free_in, 0.22 * free_in, 0.44 * free_in
        side_in = min(SKY_IN + 0.08 * (width_in - 8), above_in + curve_in + level_in)
        across_in = width_in - LEFT_IN - RIGHT_IN - side_in - 2 * EDGE_IN

        level_at_in = foot_in + TICKS_IN + fall_in + PANEL_TITLE_IN + TICKS_IN
        curve = axes_at(figure, LEFT_IN, level_at_in + level_in + GAP_IN, across_in, curve_in)
        level = axes_at(figure, LEFT_IN, level_at_in, across_in, level_in)
        s_curve(curve, reception, truth, paper)
        elevation_and_level(level, reception, truth, paper)
        clocks(curve, level, reception)

        lines = facts(reception, truth)
        side_left_in = width_in - EDGE_IN - side_in
        facts_in = FACT_IN * (lines.count("\n") + 1) + 0.1
        round_in = min(side_in - 0.5, height_in - head_in - level_at_in - facts_in)
        sky_left_in, sky_bottom_in = side_left_in + (side_in - round_in) / 2, height_in - head_in - round_in - 0.25
        sky(
            axes_at(figure, sky_left_in, sky_bottom_in, round_in, round_in, projection="polar"), reception, truth, paper
        )
        facts_at = side_left_in / width_in, (sky_bottom_in - 0.3) / height_in
        figure.text(*facts_at, lines, va="top", family="DejaVu Sans Mono", size=8)

        waterfalls(
            figure,
            numbers,
            [channel_name(carriers) for carriers in carriers_of(scenario, numbers.power.shape[0])],
            bottom_in=foot_in + TICKS_IN,
            width_in=width_in - LEFT_IN - RIGHT_IN - EDGE_IN - 0.15,
            height_in=fall_in,
            reception=reception,
            curve=True,
            paper=paper,
        )
    return figure
