"""Tables of words, in a pipe and on terminals wide and narrow."""

import io
import re

import pytest

from beep.cli.tables import show_table

HEAD = ("name", ">number", "who")
FORMS = (".0f", "+.3f", ".1f", ".1f")  # of range, range rate, azimuth and elevation
ROWS = [("a", "1", "the first of them"), ("bb", "22", "the second")]


class Screen(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self):
        return True


def lines(file):
    return [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in file.getvalue().splitlines()]


@pytest.fixture
def columns(monkeypatch):
    """Sets the width of a terminal."""
    monkeypatch.setenv("TERM", "xterm")
    return lambda count: monkeypatch.setenv("COLUMNS", str(count))


def test_a_pipe_gets_every_column():
    """Words stand below their heads, numbers to the right, and no line ends in blanks."""
    out = io.StringIO()

    left_out = show_table(HEAD, iter(ROWS), file=out, spare=2)

    assert out.getvalue() == "name  number  who\na          1  the first of them\nbb        22  the second\n"
    assert left_out == []


def test_a_wide_terminal_shows_the_same(columns):
    """With room for all, a terminal shows what a pipe gets."""
    columns(80)
    piped, screen = io.StringIO(), Screen()

    assert show_table(HEAD, ROWS, file=screen, spare=1) == []

    show_table(HEAD, ROWS, file=piped)
    assert lines(screen) == lines(piped)


def test_a_narrow_terminal_goes_without_the_last_columns(columns):
    """As many columns as need be are left out, at most those that are to spare, and named."""
    columns(20)
    one, two, none = Screen(), Screen(), Screen()

    assert show_table(HEAD, ROWS, file=one, spare=1) == ["who"]
    assert lines(one) == ["name  number", "a          1", "bb        22"]
    columns(8)
    assert show_table(HEAD, ROWS, file=two, spare=2) == ["number", "who"]
    assert lines(two) == ["name", "a", "bb"]
    assert show_table(HEAD, ROWS, file=none) == []


def test_without_heads():
    """Where no column has a head there is no line for them."""
    out = io.StringIO()

    show_table(("", ""), [("beeps", "17")], file=out)

    assert out.getvalue() == "beeps  17\n"


@pytest.mark.parametrize(
    "command", [("receptions",), ("passes", "--station", "cambridge", "--start", "1957-10-13", "--days", 0.3)]
)
def test_the_tables_fit_80_columns(beep, command):
    """What one must see of receptions and passes is at most 80 characters wide."""
    listed = beep(*command, "-q").stdout.decode().splitlines()
    who = listed[0].find("  who")

    assert len(listed) > 4
    assert max(len(line[: who if who > 0 else None].rstrip()) for line in listed) <= 80


def test_track_is_a_table_on_a_terminal(beep):
    """A terminal gets rounded columns, a pipe gets all of them as CSV."""
    options = ("track", "--station", "dallas", "--start", "1957-10-07T05:00Z", "--step-s", 100)
    screen, piped = beep.on_terminal("stdout", *options), beep(*options)
    table = beep(*options, "--format", "table", "-q").stdout.decode().splitlines()

    assert re.sub(r"\x1b\[[\d;]*m", "", screen.stdout.decode()).split()[:4] == ["UTC", "km", "km/s", "az."]
    assert "level: dBFS" in screen.stderr
    assert piped.stdout.startswith(b"t_s,utc,range_km")
    assert len(table) == 1 + len(piped.stdout.splitlines()[1:]) == 6
    utc, *values = piped.stdout.decode().splitlines()[3].split(",")[1:6]
    assert table[3].split()[:5] == [utc[11:19], *(format(float(v), f) for v, f in zip(values, FORMS, strict=True))]
    assert max(map(len, table)) <= 100


def test_passes_without_options(beep):
    """The first day of Sputnik 1 over the place that the help names."""
    ran = beep("passes")

    assert ran.status == 0
    assert ran.stdout.decode().splitlines()[1].startswith("1957-10-04 22:41:29")
    assert "7 passes of Sputnik 1 over cambridge" in ran.stderr
