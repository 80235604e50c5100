"""Pictures of a scenario: its S-curve, and the sheet with everything of a pass."""

from matplotlib.figure import Figure

from beep.plot.panels import (
    DOWN_APART_IN,
    channel_name,
    clocks,
    colour_scale,
    facts,
    heard_in,
    heights_and_levels,
    predicted,
    s_curve,
    sky,
    truth_of,
    waterfall_panel,
)
from beep.plot.preview import BEYOND_BAND_HZ, scenario_spectrogram
from beep.plot.style import EDGE_IN, Paper, axes_at, framed, pass_clock, sheet, titled
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.words import footer, title

LEFT_IN, RIGHT_IN = 0.78, 0.72  # for labels beside axes
TICKS_IN, GAP_IN, PANEL_TITLE_IN = 0.5, 0.1, 0.3
SKY_IN = 2.35


def doppler(scenario: Scenario, *, paper: Paper | None = None) -> Figure:
    """The S-curve: Doppler of every carrier through the pass, as received.

    Raises ScenarioError where there is nothing to receive.
    """
    paper = paper or Paper()
    reception = receive(scenario)
    with sheet(paper, default_in=(10.0, 6.0), least_in=(5.0, 3.5)) as figure:
        head_in, foot_in = framed(figure, f"Doppler curve: {title(reception)}", footer(reception), paper=paper)
        width_in, height_in = figure.get_size_inches()
        above_in = head_in + (TICKS_IN if reception.epoch else 0.1)
        axes = axes_at(
            figure, LEFT_IN, foot_in + TICKS_IN, width_in - LEFT_IN - 0.35, height_in - above_in - foot_in - TICKS_IN
        )
        s_curve(axes, scenario, truth_of(scenario, reception), reception, paper)
        clocks(axes, axes, reception)
    return figure


def pass_sheet(scenario: Scenario, *, paper: Paper | None = None) -> Figure:
    """One sheet of a pass: S-curve, elevation and level, the track over the sky, and the waterfall of its sound.

    The waterfall is of the recipe's sound at a low sample rate. Raises ScenarioError where there is nothing to receive.
    """
    paper = paper or Paper()
    reception = receive(scenario)
    truth = truth_of(scenario, reception)
    numbers = scenario_spectrogram(scenario)
    with sheet(paper, default_in=(12.0, 9.0), least_in=(8.0, 6.0)) as figure:
        notes = [*footer(reception), f"waterfall: {numbers.how}"]
        head_in, foot_in = framed(figure, f"Pass sheet: {title(reception)}", notes, paper=paper)
        width_in, height_in = figure.get_size_inches()
        above_in = head_in + (TICKS_IN if reception.epoch else 0.1)
        free_in = height_in - above_in - foot_in - GAP_IN - 2 * TICKS_IN - PANEL_TITLE_IN
        curve_in, level_in, fall_in = 0.34 * free_in, 0.22 * free_in, 0.44 * free_in
        side_in = min(SKY_IN + 0.08 * (width_in - 8), above_in + curve_in + level_in)
        across_in = width_in - LEFT_IN - RIGHT_IN - side_in - 2 * EDGE_IN

        level_at_in = foot_in + TICKS_IN + fall_in + PANEL_TITLE_IN + TICKS_IN
        curve = axes_at(figure, LEFT_IN, level_at_in + level_in + GAP_IN, across_in, curve_in)
        level = axes_at(figure, LEFT_IN, level_at_in, across_in, level_in)
        s_curve(curve, scenario, truth, reception, paper)
        heights_and_levels(level, scenario, truth, reception, paper)
        clocks(curve, level, reception)

        lines = facts(scenario, truth, reception)
        side_left_in = width_in - EDGE_IN - side_in
        facts_in = 0.16 * (lines.count("\n") + 1) + 0.1
        round_in = min(side_in - 0.5, height_in - head_in - level_at_in - facts_in - 0.2 + TICKS_IN)
        middle_in = side_left_in + side_in / 2
        polar = axes_at(
            figure,
            middle_in - round_in / 2,
            height_in - head_in - round_in - 0.25,
            round_in,
            round_in,
            projection="polar",
        )
        sky(polar, truth, reception, paper)
        figure.text(
            side_left_in / width_in,
            (height_in - head_in - round_in - 0.55) / height_in,
            lines,
            va="top",
            family="DejaVu Sans Mono",
            size=8,
        )

        channels = numbers.power.shape[0]
        bins = numbers.band(max(0.0, scenario.low_hz - BEYOND_BAND_HZ), scenario.high_hz + BEYOND_BAND_HZ)
        range_db = numbers.range_db(bins)
        each_in = (width_in - LEFT_IN - RIGHT_IN - EDGE_IN - 0.15 - 0.25 * (channels - 1)) / channels
        for channel, carriers in enumerate(heard_in(scenario, channels)):
            fall = axes_at(figure, LEFT_IN + channel * (each_in + 0.25), foot_in + TICKS_IN, each_in, fall_in)
            image = waterfall_panel(fall, numbers, channel, bins=bins, range_db=range_db, paper=paper)
            predicted(fall, scenario, carriers, until_s=reception.duration_s)
            titled(fall, f"{channel_name(carriers)}: the sound, and dashed the prediction", channel_name(carriers))
            unit = pass_clock(fall.yaxis, 0.0, reception.duration_s, length_in=fall_in, apart_in=DOWN_APART_IN)
            if channel:
                fall.set_yticklabels([])
            else:
                fall.set_ylabel(f"time / {unit}")
        colour_scale(axes_at(figure, width_in - RIGHT_IN - EDGE_IN, foot_in + TICKS_IN, 0.12, fall_in), image)
    return figure
