"""Pictures of a scenario: its Doppler curve, and a sheet of the whole pass."""

from matplotlib.figure import Figure

from beep.plot.panels import clocks, elevation_and_level, facts, s_curve, sky, truth_of, waterfalls
from beep.plot.preview import scenario_spectrogram
from beep.plot.style import EDGE_IN, LEFT_IN, PANEL_TITLE_IN, PAPER, RIGHT_IN, TICKS_IN, Paper, axes_at, sheet
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.words import footer, title

GAP_IN = 0.1
SKY_IN = 2.35
FACT_IN = 0.16  # height of a line


def doppler_curve(scenario: Scenario, *, paper: Paper = PAPER) -> Figure:
    """Doppler shift of every carrier through the pass, as received.

    Raises ScenarioError where there is nothing to receive.
    """
    reception = receive(scenario)
    heading = f"Doppler curve: {title(reception)}"
    page = sheet(paper, heading, footer(reception), default_in=(10.0, 6.0), least_in=(5.0, 3.5))
    with page as (figure, width_in, top_in, foot_in):
        high_in = top_in - foot_in - TICKS_IN - (TICKS_IN if reception.epoch else 0.1)
        axes = axes_at(figure, LEFT_IN, foot_in + TICKS_IN, width_in - LEFT_IN - 0.35, high_in)
        s_curve(axes, reception, truth_of(reception), paper)
        clocks(axes, axes, reception)
    return figure


def pass_sheet(scenario: Scenario, *, paper: Paper = PAPER) -> Figure:
    """Doppler curve, elevation and level, track over the sky, and waterfall of a pass.

    The waterfall is of the scenario's sound at a low sample rate. Raises ScenarioError where there is nothing to
    receive.
    """
    reception = receive(scenario)
    truth = truth_of(reception)
    numbers = scenario_spectrogram(scenario)
    heading = f"Pass sheet: {title(reception)}"
    notes = [*footer(reception), f"waterfall: {numbers.how}"]
    page = sheet(paper, heading, notes, default_in=(12.0, 9.0), least_in=(8.0, 6.0))
    with page as (figure, width_in, top_in, foot_in):
        free_in = top_in - (TICKS_IN if reception.epoch else 0.1) - foot_in - GAP_IN - 2 * TICKS_IN - PANEL_TITLE_IN
        curve_in, level_in, fall_in = 0.34 * free_in, 0.22 * free_in, 0.44 * free_in
        side_in = min(SKY_IN + 0.08 * (width_in - 8), 1.0 + curve_in + level_in)
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
        round_in = min(side_in - 0.5, top_in - level_at_in - facts_in)
        sky_left_in, sky_bottom_in = side_left_in + (side_in - round_in) / 2, top_in - round_in - 0.25
        dome = axes_at(figure, sky_left_in, sky_bottom_in, round_in, round_in, projection="polar")
        sky(dome, reception, truth, paper)
        inches, letters = figure.dpi_scale_trans, {"family": "DejaVu Sans Mono", "size": 8}
        figure.text(side_left_in, sky_bottom_in - 0.3, lines, transform=inches, va="top", **letters)

        waterfalls(figure, numbers, reception, bottom_in=foot_in + TICKS_IN, height_in=fall_in, paper=paper)
    return figure
