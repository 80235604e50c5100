"""Hypothesis strategies for all that can be sent to the package: half sensible, half not."""

import json
import math
from datetime import datetime
from functools import cache
from importlib import import_module

import hypothesis.strategies as st

from beep.base.checks import choices
from beep.cli.main import COMMANDS
from beep.cli.parser import Parser
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import to_dict, to_toml

ISS = """ISS (ZARYA)
1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993
2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106"""
OMM = {
    "OBJECT_NAME": "ISS (ZARYA)", "EPOCH": "2018-07-03T19:25:57.304128", "MEAN_MOTION": 15.54005638,
    "ECCENTRICITY": 0.0003435, "INCLINATION": 51.6414, "RA_OF_ASC_NODE": 295.8524, "ARG_OF_PERICENTER": 262.6267,
    "MEAN_ANOMALY": 204.2868, "NORAD_CAT_ID": 25544, "BSTAR": 3.1745e-5,
}  # fmt: skip
TABLE = "t_s,f_hz,sd_hz\n" + "".join(
    f"{t},{20.005e6 - 480 * math.atan((t - 300) / 60):.2f},1\n" for t in range(0, 600, 20)
)
FILES = {"tape": "tape.wav", "tle": "iss.tle", "scenario": "mine.toml", "table": "tones.csv"}
ENDLESS = {"play", "web", "rtl-tcp"}  # commands that go on until they are interrupted
COUNTS = {"show": 30, "track": 6, "passes": 6, "export": 4, "measure": 1, "fit": 2, "compare": 1, "plot": 1}

SPECIAL = (
    "", " ", "-", "--", "-1", "0", "-0.0", "1e400", "-1e400", "1e308", "5e-324", "nan", "inf", "-inf", "1_0", "0x1",
    "none", "\0", "\x1b[2J", "\n", "\r\n", "\u202e", "\ud800", "\udcff", "$", "$\\frac{$", "%s", "{}", "'", '"',
    "a" * 200, "9" * 5000, "/dev/zero", "/dev/null", "/dev/full", ".", "..", "/", "~", "1957-10-07T05:00Z",
    "9999-12-31", "0001-01-01", "52,0", "90,180,9000", "nan,nan", "1e308,1e308", "dallas", "tass", "\N{ROCKET}",
    "\uff11", "#", ",",
    ":", ":::", "20:1:pulse", "now", "JO02ab", "1:30", "48k", "52N,0W",
)  # fmt: skip
any_character = st.characters(exclude_categories=())
odd_text = st.sampled_from(SPECIAL) | st.text(any_character, max_size=20)
odd_numbers = st.sampled_from(
    [0, -0.0, 1e-300, 5e-324, 1e300, -1e300, math.inf, -math.inf, math.nan, 2**63, -(2**63), 10**400, 1, -1, 0.5]
)
odd_numbers |= st.floats() | st.integers()
odd_json = st.recursive(
    st.none() | st.booleans() | odd_numbers | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)
deep = st.integers(1, 3000).map(lambda depth: "[" * depth + "]" * depth)

# --- scenarios --------------------------------------------------------------------------------------------------

FIELDS = {field.name: field for field in fields()}
NAMES = tuple(FIELDS)
PLACES = st.sampled_from(["dallas", "52.2,0.1", "-90,0", "90,360,9000", "0,0", "tyuratam"])
STARTS = st.sampled_from(
    ["1957-10-07T05:00Z", "1957-10-04T20:00Z", "2018-07-04", "1957-10-25T23:00Z", "2018-07-04T00:00+14:00"]
)


def sensible(field):
    """Values that a field takes by itself; rules between fields may refuse them."""
    rule = field.metadata
    if allowed := choices(field):
        return st.sampled_from(allowed)
    special = {
        "station": PLACES,
        "start": STARTS,
        "tle": st.just(ISS) | st.just(json.dumps(OMM)) | element_sets,
        "mix": st.sampled_from(["stereo", "mono", "20", "40"]),
        "carriers": st.lists(
            st.fixed_dictionaries(
                {"frequency_mhz": st.floats(1e-3, 3e4)},
                optional={"power_w": st.floats(1e-9, 1e6), "sends": st.sampled_from(["pulse", "pause", "always"])},
            ),
            min_size=1,
            max_size=2,
        ),
        "keying": st.lists(
            st.fixed_dictionaries(
                {"from_s": st.floats(-1e3, 1e3), "pulse_s": st.floats(0.05, 9), "pause_s": st.floats(0.05, 9)}
            )
            | st.fixed_dictionaries({"from_s": st.floats(-1e3, 1e3), "key": st.sampled_from(["continuous", "silent"])}),
            max_size=4,
        ).map(lambda regimes: sorted(regimes, key=lambda regime: regime["from_s"])),
    }
    if field.name in special:
        return special[field.name]
    if field.type is bool:
        return st.booleans()
    least = rule["least"] if rule["least"] is not None else rule["above"]
    least, most = 0 if least is None else least, 1e3 if rule["most"] is None else rule["most"]
    if field.type is int:
        return st.integers(int(least), int(most))
    near = st.floats(least, most)  # most values near the default, so that rules between fields let some pass
    return st.just(field.default) | near | st.floats(max(least, min(1e-3, most)), max(least, min(most, 60)))


def tables(odd):
    """Tables of a scenario's fields with few of them set."""
    known = st.lists(st.sampled_from(NAMES), max_size=6, unique=True)
    values = known.flatmap(lambda names: st.fixed_dictionaries({name: sensible(FIELDS[name]) for name in names}))
    wrong = st.dictionaries(st.sampled_from(NAMES) | odd_text, odd, max_size=1)
    return st.tuples(values, wrong | st.just({})).map(lambda pair: pair[0] | pair[1])


def mutated(texts, piece):
    """A text in which a piece was put in place of another."""
    return st.tuples(texts, st.integers(0, 9999), st.integers(0, 40), piece).map(
        lambda parts: (
            parts[0][: parts[1] % (len(parts[0]) + 1)]
            + parts[3]
            + parts[0][parts[1] % (len(parts[0]) + 1) + parts[2] :]
        )
    )


def cut_up(lines):
    return st.lists(lines, max_size=9).map("\n".join)


CSV = ",".join(OMM) + "\n" + ",".join(map(str, OMM.values()))
TAGS = "".join(f"<{key}>{value}</{key}>" for key, value in OMM.items())
XML = f"<?xml version='1.0'?><ndm><segment>{TAGS}</segment></ndm>"
SETS = (ISS, json.dumps(OMM), json.dumps([OMM, OMM]), CSV, XML)
PIECES = (*ISS.split("\n"), "", "1 ", "2 ", "{", "[", "]", ",", "#", "{}", json.dumps(OMM), ",".join(OMM))
element_sets = (
    mutated(st.sampled_from(SETS), odd_text)
    | cut_up(st.sampled_from(PIECES) | odd_text)
    | st.dictionaries(st.sampled_from(list(OMM)) | odd_text, odd_json, max_size=3).map(
        lambda new: json.dumps(OMM | new)
    )
    | deep
)
scenarios = tables(odd_json)
comments = (
    tables(odd_json).map(json.dumps) | odd_json.map(json.dumps) | odd_text | deep
    | mutated(st.just(json.dumps(to_dict(Scenario(station="dallas", start="1957-10-07T05:00Z")))), odd_text)
)  # fmt: skip
toml_values = st.sampled_from(
    ["[", "[[", "{", "{a=1}", "'''", '"""', "1979-05-27", "07:32:00", "0x" + "f" * 5000, "1" * 5000, "a." * 600]
)
toml_values |= odd_json.map(json.dumps) | odd_text
toml_lines = st.tuples(st.sampled_from(NAMES) | odd_text, toml_values).map(" = ".join)
toml_texts = mutated(st.just(to_toml(Scenario())), odd_text) | cut_up(toml_lines) | deep.map("keying = {}".format)
tone_tables = mutated(st.just(TABLE), odd_text) | cut_up(
    st.lists(odd_text | odd_numbers.map(str), min_size=2, max_size=3).map(",".join)
).map("t_s,f_hz,sd_hz\n".__add__)

# --- arguments --------------------------------------------------------------------------------------------------


@cache
def parser_of(name):
    parser = Parser(prog=name, description="", examples="")
    import_module(f"beep.cli.commands.{name}").add(parser)
    parser.add_general_options()
    return parser


def as_typed(value):
    """A field's value as an option has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return ",".join(":".join(map(str, part.values())) for part in value)
    return str(value)


@st.composite
def an_option(draw, name):
    """An option of a command, mostly with a value that it takes."""
    actions = [action for action in parser_of(name)._actions if action.option_strings and "help" not in action.dest]
    action = draw(st.sampled_from(actions))
    option = draw(st.sampled_from(action.option_strings))
    if action.nargs == 0:
        return [option]
    by_name = {name: sensible(field).map(as_typed) for name, field in FIELDS.items()}
    files = st.sampled_from([*FILES.values(), "none.wav", "-"])
    value = (
        draw(odd_text | odd_numbers.map(repr_of))
        if draw(st.integers(0, 3)) == 0
        else draw(st.sampled_from([str(choice) for choice in action.choices]))
        if action.choices
        else draw(files)
        if action.metavar == "FILE"
        else draw(by_name.get(action.dest, st.floats(0, 1e3).map(str)))
    )
    return [f"{option}={value}"] if draw(st.booleans()) and option.startswith("--") else [option, value]


def repr_of(number):
    return str(number) if abs(number) < 10**300 or number != number or abs(number) == math.inf else "1" + "0" * 400


@st.composite
def command_lines(draw):
    """The words after `beep`, of at most some seconds of work where they are right."""
    name = draw(st.sampled_from([name for name, count in COUNTS.items() for _ in range(count)] + [None]))
    if name is None:
        return draw(
            st.lists(odd_text | st.sampled_from(sorted({*COMMANDS} - ENDLESS)), max_size=3).filter(ENDLESS.isdisjoint)
        )
    words = [word for option in draw(st.lists(an_option(name), max_size=4)) for word in option]
    pictures = st.sampled_from(["waterfall", "doppler", "keying", "pass"])
    tape = st.sampled_from([FILES["tape"]] * 4 + [FILES["table"], "none.wav", "/dev/null"]) | odd_text
    positional = {
        "export": lambda: [draw(st.sampled_from(["a.wav", "a.flac", "a"]) | odd_text)],
        "measure": lambda: [draw(tape)],
        "fit": lambda: [draw(st.just(FILES["table"]) | tape)],
        "compare": lambda: [draw(tape), draw(tape)],
        "plot": lambda: [draw(pictures), "a.png", *draw(st.sampled_from([[], [FILES["tape"]]]))],
    }.get(name, list)()  # fmt: skip
    needed = ["--station", draw(PLACES), "--start", draw(STARTS)] if name == "passes" and draw(st.booleans()) else []
    brief = {
        "passes": ["--days", "2"],
        "track": ["--step-s", "1", "--duration-s", "20"],
        "export": ["--duration-s", "2", "--sample-rate-hz", draw(st.sampled_from(["8000", "48000", "44100"]))],
        "plot": ["--duration-s", "20", "--sample-rate-hz", "8000"],
    }.get(name, [])
    long = name in brief_always or draw(st.booleans())
    return [name, *positional, *needed, *words, *(brief if long else [])]


brief_always = ("track", "export", "plot", "passes")  # without it they may take as long as the user asked for

# --- a page -----------------------------------------------------------------------------------------------------

page_changes = tables(odd_json) | st.dictionaries(st.sampled_from(["character", "beacon", *NAMES]), odd_json)
links = odd_text | page_changes.map(
    lambda table: "&".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in table.items()
    )
)

# --- recordings -------------------------------------------------------------------------------------------------


def recordings(files):
    """Bytes of sound files with some bytes changed, cut off or put in."""
    number = st.integers(0, 2**32 - 1).map(lambda value: value.to_bytes(4, "little")) | st.binary(max_size=8)
    change = st.tuples(st.integers(0, 200) | st.integers(0, 99_999), st.integers(0, 8), number)

    def changed(parts):
        data, changes, keep = parts
        for at, length, piece in changes:
            at %= len(data) + 1
            data = data[:at] + piece + data[at + length :]
        return data[:keep] if keep else data

    return st.tuples(st.sampled_from(files), st.lists(change, max_size=4), st.just(0) | st.integers(0, 5000)).map(
        changed
    )
