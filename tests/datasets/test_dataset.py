"""Data sets: the same bytes from any executor, each clip once, and files that other programs read."""

import csv
import hashlib
import io
import json
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
import sigmf
import soundfile
import webdataset

from beep.base.errors import BeepError
from beep.base.workers import prepare
from beep.datasets.dataset import dataset, verify
from beep.datasets.folder import Folder
from beep.datasets.plan import plan_of
from beep.measuring.measure import measure

ABOUT = {"name": "small", "count": 9, "seed": 5, "clip_s": 100.0}  # four clips in a bundle
BASE = {"sample_rate_hz": 8000, "mix": "20", "high_hz": 2500}
DRAW = {"snr_db": {"uniform": [0, 20]}, "pulse_s": {"choice": [0.2, 0.3]}}


def plan(**about):
    return {"dataset": ABOUT | about, "base": BASE, "draw": DRAW}


SHORT = plan(clip_s=1.0, count=110)  # a hundred clips in a bundle


def digest(folder):
    """One hash over names and contents of all files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = [f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest(), len(files)


def rows_of(folder):
    with (folder / "index.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A set of nine clips, made one after the other."""
    folder = tmp_path_factory.mktemp("small")
    report = dataset(plan(), folder)
    assert (report.made, report.kept, report.failed, report.complete) == (9, 0, (), True)
    return folder


def test_any_executor_makes_the_same_bytes(small, tmp_path):
    """Threads, two processes, three shards, and Dask's workers."""
    from distributed import Client

    with ThreadPoolExecutor(2) as executor:
        dataset(plan(), tmp_path / "threads", executor=executor)
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=prepare) as executor:
        dataset(plan(), tmp_path / "processes", executor=executor)
    with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as client:
        dataset(plan(), tmp_path / "dask", executor=client.get_executor())
    reports = [dataset(plan(), tmp_path / "shards", shard=(number, 3)) for number in (2, 3, 1)]

    assert [report.complete for report in reports] == [False, False, True]
    assert {digest(tmp_path / name) for name in ("threads", "processes", "dask", "shards")} == {digest(small)}
    assert digest(small)[1] == 9 * 2 + 3 + 3  # clips and truths, parts of the table; plan, table and card


def test_a_killed_run_goes_on_where_it_was(tmp_path):
    """Killed with a bundle half made, the same command completes the set, and makes no file again."""
    (tmp_path / "plan.json").write_text(json.dumps(SHORT))
    code = (
        f"import beep, json; beep.dataset(json.load(open({str(tmp_path / 'plan.json')!r})), {str(tmp_path / 'set')!r})"
    )
    child = subprocess.Popen([sys.executable, "-c", code])
    while not (tmp_path / "set" / "000000060.wav").exists():
        assert child.poll() is None
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set").glob("*.wav")}
    whole = dataset(SHORT, tmp_path / "whole")
    report = dataset(SHORT, tmp_path / "set")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set").glob("*.wav")}
    for left in (tmp_path / "set").glob(".beep-*.part"):  # of the killed run; a later one removes it after a day
        for path in left.iterdir():
            path.unlink()
        left.rmdir()

    assert 0 < report.made < 110
    assert report.kept > 0
    assert before.items() <= after.items()
    assert whole.made == 110
    assert digest(tmp_path / "set") == digest(tmp_path / "whole")


def test_another_plan_is_refused_and_a_larger_count_allowed(small, tmp_path):
    """With `extend` the first clips stay as they are."""
    dataset(plan(count=3), tmp_path)
    for changed, words in (
        (plan(count=3, seed=6), "another plan"),
        (plan(count=2), "more than 2"),
        (plan(), "extend=True"),
    ):
        with pytest.raises(BeepError, match=words):
            dataset(changed, tmp_path)
    report = dataset(plan(), tmp_path, extend=True)

    assert (report.made, report.kept) == (6, 3)
    assert digest(tmp_path) == digest(small)


def test_verify_names_what_is_missing_or_spoilt(tmp_path):
    """A changed byte, a missing file; in a tar layout a member."""
    dataset(plan(count=3), tmp_path / "wav")
    dataset(plan(count=3, layout="tar"), tmp_path / "tar")
    assert verify(tmp_path / "wav") == verify(tmp_path / "tar") == []
    with (tmp_path / "wav" / "000000001.json").open("a") as file:
        file.write(" ")
    (tmp_path / "wav" / "000000002.wav").unlink()
    shard = (tmp_path / "tar" / "000000000.tar").read_bytes()
    (tmp_path / "tar" / "000000000.tar").write_bytes(shard[:1000] + b"x" + shard[1001:])

    assert verify(tmp_path / "wav") == ["000000001.json: spoilt", "000000002.wav: missing"]
    assert verify(tmp_path / "tar") == ["000000000.tar: 000000000.json: spoilt"]
    with pytest.raises(BeepError, match=r"index\.csv"):
        verify(tmp_path)


def test_a_clip_that_cannot_be_made_is_named(tmp_path):
    """The others are made, there is no table, and the same command completes the set."""
    with_places = {"station": {"choice": ["dallas"]}, "start": {"choice": ["1957-10-07T05:00Z"]}}
    bad = plan(count=8, clip_s=100.0) | {"draw": with_places | {"ionosphere": {"choice": ["off"]}}}
    bad["base"] = {
        "sample_rate_hz": 8000,
        "high_hz": 2500,
        "carriers": [{"frequency_mhz": 5000.0}],
    }  # its Doppler is beyond half the sample rate
    report = dataset(bad, tmp_path)

    assert not report.complete
    assert [reason[:25] for reason in report.failed] == ["clips 0 to 3: clip 0: a t", "clips 4 to 7: clip 4: a t"]
    assert not (tmp_path / "index.csv").exists()


def test_labels_are_what_is_measured(tmp_path):
    """Beeps, tone and SNR of a clip in the table against those that measuring finds in the file."""
    loud = plan(count=1, clip_s=20.0) | {"draw": {"clip_from": {"choice": [0.5]}, "snr_db": {"choice": [20.0]}}}
    dataset(loud, tmp_path)
    (row,) = rows_of(tmp_path)
    (measured,) = measure(tmp_path / row["file"])
    closest = abs(measured.pulses.time_s - 10.0).argmin()

    assert measured.pulses.whole.sum() in (
        int(row["beeps_20"]),
        int(row["beeps_20"]) - 1,
    )  # one ends 2 ms before the file
    assert float(row["tone_20_hz"]) == pytest.approx(measured.pulses.tone_hz[closest], abs=2.0)
    assert float(row["snr_20_db"]) == pytest.approx(measured.snr_db, abs=0.5)


def test_sigmf_sets_are_read_by_sigmf_and_have_torchsigs_files(tmp_path):
    """Validated pairs of one length; a line for each clip and the facts that TorchSig's reader takes."""
    iq = {"dataset": ABOUT | {"count": 3, "layout": "sigmf", "clip_s": 2.0}, "base": {"sample_rate_hz": 16_000}}
    iq["draw"] = {"keying": {"choice": ["none", "-1e6:silent"]}}
    dataset(iq, tmp_path)
    files = sorted(tmp_path.glob("*.sigmf-meta"))
    read = [sigmf.sigmffile.fromfile(str(path)) for path in files]
    for one in read:
        one.validate()
    info = json.loads((tmp_path / "info.json").read_text())
    lines = [line.split(",") for line in (tmp_path / "metadata.csv").read_text().splitlines()]

    assert [one.read_samples().size for one in read] == [32_000] * 3 == [info["num_iq_samples"]] * 3
    assert (info["size"], info["sample_rate"]) == (3, 16_000)
    assert [line[0] for line in lines] == ["0", "1", "2"]
    assert [line[1] for line in lines] == ["ook" if int(row["beeps_20"]) else "noise" for row in rows_of(tmp_path)]
    assert {line[1] for line in lines} == {"ook", "noise"}


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of webdataset
def test_tar_shards_are_read_by_webdataset(tmp_path):
    """Keys, sounds and truths, as webdataset groups them; reproducible headers."""
    dataset(plan(layout="tar", clip_s=80.0), tmp_path)  # five clips in a bundle
    shards = sorted(str(path) for path in tmp_path.glob("*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False))

    assert [sample["__key__"] for sample in samples] == [f"{index:09}" for index in range(9)]
    assert {soundfile.info(io.BytesIO(sample["wav"])).frames for sample in samples} == {640_000}
    assert json.loads(samples[0]["json"])["scenario"]["duration_s"] == 80.0
    assert {row["shard"] for row in rows_of(tmp_path)} == {"000000000.tar", "000000001.tar"}
    with tarfile.open(shards[0]) as tar:
        assert {(member.mtime, member.uid) for member in tar} == {(0, 0)}


def test_sets_can_be_written_to_any_store_of_fsspec(small, tmp_path):
    """An address with a protocol; here the local file system behind fsspec."""
    dataset(plan(), f"file://{tmp_path}/set")
    assert digest(tmp_path / "set") == digest(small)
    with pytest.raises(BeepError, match="nosuch"):
        Folder("nosuch://bucket/set").make()


def test_a_full_or_forbidden_folder_is_named(tmp_path):
    """A file in place of the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BeepError, match="cannot make"):
        dataset(plan(), tmp_path / "file" / "set")


def test_a_billion_clips_can_be_looked_at(beep, tmp_path):
    """--show takes no time that grows with the count; --verify and a folder are asked for."""
    (tmp_path / "plan.toml").write_text(
        '[dataset]\nname = "huge"\ncount = 1000000000\n[draw]\ntone_hz = {uniform=[1,2]}\n'
    )
    shown = beep("dataset", "plan.toml", "--show", "5")

    assert shown.stdout.decode().count("# --- clip") == 5
    assert b"tone_hz = 1." in shown.stdout
    assert "FOLDER" in beep("dataset", "plan.toml").stderr
    assert "plan.json" in beep("dataset", "plan.toml", "nowhere", "--verify").stderr
    assert plan_of(plan()).bundles == 3
