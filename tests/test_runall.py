"""``luigi --module pipeline RunAll`` as a user runs it, on real rows: what it makes, says, and does in trouble."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import yaml

from bundle import manifest, version
from bundle.contract import columns_of
from bundle.manifest import HoldOut
from bundle.model import Model
from pipeline import tables
from tests.conftest import BIN
from tests.planted import Faulty, faults
from tests.sample import REPOSITORY, SOURCES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(first_run):
    made, outcome = first_run
    assert outcome.returncode == 0, outcome.stderr
    return made


def holdout(made):
    """Raw rows of the hold-out as columns that the model takes."""
    [split] = (made.folder / "data" / "sample" / "split").glob("*/test")
    described = manifest.read(made.version)
    rows = tables.whole(split)
    return {
        one.name: rows[one.name].to_numpy("float32")
        if one.type == "number"
        else np.array([text.encode() for text in rows[one.name].fillna("")])
        for one in described.contract.inputs
    }


def test_it_ends_with_a_published_version_and_a_summary_that_a_person_can_read(first_run, published):
    said = first_run[1].stdout
    for word in ("Clean flights", "rows in", "roc_auc", "at least 0.67", "verdict", "report.html", "next", "set aside"):
        assert word in said
    assert (published.version / "assets.extra" / "report.html").stat().st_size > 50_000
    assert "Tune" in first_run[1].stderr
    lines = filter(None, first_run[1].stderr.splitlines())
    assert [line for line in lines if not re.match(r"\d\d:\d\d:\d\d |  ", line)] == []  # libraries say nothing


def test_the_same_command_again_does_nothing_and_says_so_quickly(published, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (published.folder / "data").rglob("*") if path.name[0] != "."}
    again = published.run()
    assert again.returncode == 0
    assert again.stdout.startswith("Everything is up to date:")
    assert before == {path: path.stat().st_mtime_ns for path in before}
    stages = len(list((published.folder / "data").rglob("receipt.json")))
    plain = [str(BIN / "luigi"), "--module", "bench.plain", "PlainChain", "--number", str(stages)]
    surroundings = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TRIVIAL": str(tmp_path)}
    costs = [
        (processor_seconds(published.command()), processor_seconds(plain, env=surroundings)) for _ in range(4)
    ]  # the first of Luigi's own has something to do
    ours, theirs = (min(cost) for cost in zip(*costs[1:], strict=True))
    assert ours < 1.5 * theirs


def processor_seconds(command, **surroundings):
    """What a command costs; Luigi's own tasks are run with the settings and the log lines of this repository, too."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, **surroundings)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime


def test_the_page_of_what_was_refused_goes_once_all_is_clean_again(published):
    page = published.folder / "data" / "sample" / "clean" / "flights" / "refused.html"
    page.write_text("Refused")
    assert published.run().stdout.startswith("Everything is up to date:")
    assert not page.exists()


def test_a_run_with_nothing_to_do_imports_neither_tensorflow_nor_dask(published):
    code = (
        "import sys\nfrom luigi.cmdline import luigi_run\n"
        "try:\n    luigi_run(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'tensorflow', 'keras', 'dask', 'sklearn', 'pandas', 'pyarrow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    command = [sys.executable, "-c", code, *published.command()[1:]]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout


def test_the_version_loads_through_the_bundle_and_both_forms_agree(published):
    loaded = version.load(published.version)
    assert loaded.model.runtime == "litert"
    rows = holdout(published)
    saved = Model(published.version, loaded.manifest.contract, "savedmodel").predict(rows)
    assert np.abs(loaded.model.predict(rows)["probability"] - saved["probability"]).max() < 1e-5


def test_plain_tensorflow_without_our_code_gives_the_same_answers(published, tmp_path):
    rows = holdout(published)
    np.savez(tmp_path / "rows.npz", **rows)
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        "rows = np.load(sys.argv[2])\n"
        "call = tf.saved_model.load(sys.argv[1]).signatures['serving_default']\n"
        "tensors = {n: tf.constant(rows[n].astype(object) if rows[n].dtype.kind == 'S' else rows[n]) for n in rows}\n"
        "np.save(sys.argv[3], call(**tensors)['probability'].numpy())\n"
        "assert not any(name.partition('.')[0] in ('pipeline', 'bundle') for name in sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, published.version, tmp_path / "rows.npz", tmp_path / "answers.npy"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    ours = version.load(published.version).model.predict(rows)["probability"]
    assert np.abs(np.load(tmp_path / "answers.npy") - ours).max() < 1e-5


def test_saved_model_cli_reads_the_signature_of_named_columns(published):
    command = [BIN / "saved_model_cli", "show", "--dir", published.version, "--all"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for one in manifest.read(published.version).contract.inputs:
        assert f"inputs['{one.name}'] tensor_info" in shown
    assert "outputs['probability'] tensor_info" in shown
    assert "dtype: DT_STRING\n        shape: (-1)" in shown


def test_the_report_and_the_card_say_what_the_manifest_says(published):
    described = manifest.read(published.version)
    card = (published.version / "assets.extra" / "card.md").read_text()
    [result] = yaml.safe_load(card.split("---\n")[1])["model-index"][0]["results"]
    assert {one["type"]: one["value"] for one in result["metrics"]} == {
        name: pytest.approx(figure["value"], abs=1e-6) for name, figure in described.metrics.items()
    }
    assert f"Verdict: **{described.verdict.verdict}**" in card
    assert described.hold_out == HoldOut(reads=1, models=1)
    assert "These rows were read 1 time until then, with 1 model; the evaluation of this one is among them." in card
    assert described.title in (published.version / "assets.extra" / "report.html").read_text()


def test_the_manifest_tells_the_way_from_the_raw_bytes(published):
    described = manifest.read(published.version)
    made = {step.content for step in described.lineage} | {raw.sha256 for raw in described.raw}
    assert {raw.source for raw in described.raw} == {"flights", "weather", "planes", "airports"}
    assert [step.stage for step in described.lineage][-1] in {"Evaluate", "Validate"}
    for step in described.lineage:
        assert set(step.made_from.values()) <= made


def test_golden_rows_show_every_fault_in_every_column_of_a_trained_model(published):
    loaded, sound = version.load(published.version), holdout(published)
    kept, answers = version.golden.read(published.version), loaded.model.predict(sound)["probability"]
    seen, missed = 0, []
    asked = columns_of(kept.rows, loaded.manifest.contract)  # two rare levels that no row asks for can change places
    for name, change in faults(loaded.manifest.contract, asked):
        faulty = Faulty(loaded.model, change)
        if np.abs(faulty.predict(sound)["probability"] - answers).max() > kept.tolerance:
            try:
                kept.replay(faulty)
                missed.append(name)
            except version.golden.WrongAnswer:
                seen += 1
    assert missed == []
    assert seen > 100


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "a golden answer"])
def test_a_damaged_version_is_not_loaded(published, tmp_path, damage):
    copy = tmp_path / "1"
    shutil.copytree(published.version, copy)
    compiled, golden = copy / "assets.extra" / "model.tflite", copy / "assets.extra" / "golden.json"
    if damage == "changed":
        content = bytearray(compiled.read_bytes())
        content[len(content) // 2] ^= 1
        compiled.write_bytes(content)
    elif damage == "missing":
        compiled.unlink()
    elif damage == "added":
        (copy / "variables" / "more").touch()
    else:
        rows = json.loads(golden.read_text())
        rows["answers"]["probability"][3] += 0.01
        golden.write_text(json.dumps(rows))
        manifest.read(copy).model_copy(update={"files": manifest.file_digests(copy)}).write(copy)
        (copy / manifest.RECEIPT).unlink()  # which names the manifest
    refused = (manifest.BrokenVersion, version.golden.WrongAnswer)
    with pytest.raises(refused, match=r"model.tflite|variables/more|golden row 3"):
        version.load(copy)


def test_a_second_run_at_the_same_time_is_refused_with_the_name_of_the_first(place):
    first = place.start()
    try:
        assert "..." in first.stderr.readline()
        second = place.run()
        assert second.returncode == 10
        assert f"process {first.pid} on" in second.stderr
        assert "Traceback" not in second.stderr
        assert place.run("--no-lock", "--workers", "2").returncode == 10
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()


def test_a_run_that_was_killed_is_taken_up_where_it_stopped(place):
    first = place.start()
    for line in first.stderr:
        if line.rstrip().endswith("Features           ..."):
            break
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    landed, cleaned = (
        sorted((place.folder / "data" / "sample").glob(f"{stage}/*/*/receipt.json")) for stage in ("collect", "clean")
    )
    receipts = {path: path.stat().st_mtime_ns for path in (*landed, *cleaned)}
    assert len(landed) == len(cleaned) == len(SOURCES)
    second = place.start()
    for line in second.stderr:
        if "Split" in line:
            break
    os.killpg(second.pid, signal.SIGKILL)
    said = line + second.communicate()[1]
    assert "Collect" not in said
    assert "Clean" not in said
    assert receipts == {path: path.stat().st_mtime_ns for path in receipts}


def test_who_stops_a_run_sees_no_traceback_and_leaves_no_process(place):
    run = place.start()
    assert "..." in run.stderr.readline()
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=30)[1]
    assert "Stopped. What is finished stays" in said
    assert "Traceback" not in said
    assert run.returncode in (130, -signal.SIGINT)
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)


def wrong(place, old, new):
    text = place.problem.read_text()
    assert old in text
    place.problem.write_text(text.replace(old, new))


def test_a_misspelt_key_stops_the_run_before_anything_is_made(place):
    wrong(place, "max_psi", "max_psy")
    done = place.run()
    assert done.returncode == 35
    assert "screen.max_psy: there is no such key; did you mean 'max_psi'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((place.folder / "data").rglob("receipt.json"))


def test_a_missing_column_is_named_with_the_nearest_that_is_there(place):
    path = place.folder / "flights.csv"
    path.write_text(path.read_text().replace("distance", "distanze", 1))
    done = place.run()
    assert done.returncode == 30
    assert "'distance' is missing; did you mean 'distanze'?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["", "header"])
def test_an_empty_file_is_named_and_nothing_after_it_is_made(place, content):
    path = place.folder / "flights.csv"
    path.write_text("" if not content else path.read_text().partition("\n")[0] + "\n")
    done = place.run()
    assert done.returncode == 30
    assert f"{path} must have" in done.stderr
    assert "0 rows" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place.folder / "data" / "sample" / "features").exists()


def test_a_missing_file_is_named_and_has_a_code_of_its_own(place):
    (place.folder / "flights.csv").unlink()
    done = place.run()
    assert done.returncode == 20
    assert "flights.csv must be there for source flights of sample: no file is /" in done.stderr


def test_an_unknown_problem_is_told_with_the_known_ones(place):
    done = place.run("--problem", "smaple")
    assert done.returncode == 35
    assert "Known problems: sample" in done.stderr


def test_luigi_shows_the_tree(published):
    command = [BIN / "luigi-deps-tree", *published.command()[1:]]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert "RunAll" in shown
    assert shown.count("COMPLETE") > 15
    assert "PENDING" not in shown
