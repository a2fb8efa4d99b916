import os
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from agentx_tools import workspace
from agentx_tools.workspace import Place, locate, read_bytes, write_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from agentx.errors import ToolError

PIECES = st.one_of(
    st.sampled_from(["..", ".", "", "in", "out", "loop", "deep", "a.txt", "~", "/", "//", "\x00", "\ud800", "x" * 300]),
    st.text(max_size=8),
)


@pytest.fixture
def house(tmp_path):
    """A workspace with links of every kind, beside a folder that it must not reach."""
    return furnished(tmp_path)


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def furnished(folder: Path) -> Path:
    outside, inside = folder / "outside", folder / "workspace"
    (inside / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    (inside / "deep" / "a.txt").write_text("mine")
    (inside / "out").symlink_to(outside)
    (inside / "out.txt").symlink_to(outside / "a.txt")
    (inside / "in").symlink_to("deep")
    (inside / "loop").symlink_to("loop")
    return inside


@pytest.mark.parametrize(
    "path", ["../outside/a.txt", "out/a.txt", "out.txt", "/etc/passwd", "deep/../../outside/a.txt", "in/../../outside"]
)
def test_a_path_that_leads_out_is_refused_in_one_sentence(house, path):
    with pytest.raises(ToolError, match=r"^`.*` lies outside the workspace; give a path relative to it"):
        locate(house, path)


def test_links_and_absolute_paths_that_stay_inside_work(house):
    assert read_bytes(locate(house, "in/a.txt")) == b"mine"
    assert read_bytes(locate(house, str(house / "deep" / "a.txt"))) == b"mine"
    assert read_bytes(locate(house, "in/../deep/./a.txt")) == b"mine"


def test_a_workspace_reached_through_a_link_is_the_same_workspace(house, tmp_path):
    (tmp_path / "alias").symlink_to(house)
    assert str(locate(tmp_path / "alias", str(tmp_path / "alias" / "deep" / "a.txt"))) == "deep/a.txt"


def test_a_folder_swapped_for_a_link_after_the_check_leads_nowhere(house):
    place = locate(house, "deep/a.txt")
    (house / "deep").rename(house / "old")
    (house / "deep").symlink_to(house.parent / "outside")
    with pytest.raises(ToolError, match=r"`deep/a\.txt` runs through something that is not a folder"):
        read_bytes(place)
    with pytest.raises(ToolError):
        write_bytes(place, b"x")
    assert (house.parent / "outside" / "a.txt").read_text() == "secret"


def test_a_file_swapped_for_a_link_after_the_check_is_not_read(house):
    place = locate(house, "deep/a.txt")
    (house / "deep" / "a.txt").unlink()
    (house / "deep" / "a.txt").symlink_to(house.parent / "outside" / "a.txt")
    with pytest.raises(ToolError, match="symbolic link that cannot be followed"):
        read_bytes(place)


# Folder and link change places in one step (renameat2, RENAME_EXCHANGE): while `deep` is missing, a write would make it
# anew, and the next renaming fail.
SWAP = """
import ctypes, os, sys
os.chdir(sys.argv[1])
os.symlink("../outside", "link")
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
print("ready", flush=True)
while renameat2(-100, b"deep", -100, b"link", 2) == 0:
    pass
sys.exit(os.strerror(ctypes.get_errno()))
"""


def test_a_folder_that_is_swapped_all_the_time_never_leads_out(house):
    outside = house.parent / "outside"
    (outside / "secret.txt").touch()
    swapping = subprocess.Popen([sys.executable, "-c", SWAP, str(house)], stdout=subprocess.PIPE)
    try:
        assert swapping.stdout.readline() == b"ready\n"
        started, done, refused = time.monotonic(), 0, 0
        while (spent := time.monotonic() - started) < 3 or (spent < 30 and not (done and refused)):
            try:
                assert read_bytes(locate(house, "deep/a.txt")) in (b"mine", b"written")
                write_bytes(locate(house, "deep/a.txt"), b"written")
                done += 1
            except ToolError:
                refused += 1
            assert swapping.poll() is None
            assert all("secret" not in path for path in workspace.files_below(Place(house, ())).paths)
    finally:
        swapping.kill()
        swapping.wait()
        swapping.stdout.close()
    assert done and refused
    assert names(outside) == ["a.txt", "secret.txt"]
    assert (outside / "a.txt").read_text() == "secret"


@pytest.mark.parametrize(
    ("path", "protector"),
    [
        (".agentx/policy.toml", ".agentx"),
        (".agentx", ".agentx"),
        (".git/hooks/pre-commit", ".git/hooks"),
        (".git/config", ".git/config"),
        ("deep/.git/config.worktree", ".git/config.worktree"),
        (".git/modules/part/hooks/post-merge", ".git/hooks"),
        (".GIT/Config", ".git/config"),
        ("deep/.git", ".git"),
        ("alias/pre-commit", ".git/hooks"),
    ],
)
def test_what_other_programs_obey_is_not_written(house, path, protector):
    (house / ".git" / "hooks").mkdir(parents=True)
    (house / "alias").symlink_to(".git/hooks")
    before = sorted(str(path) for path in house.rglob("*"))
    with pytest.raises(ToolError, match=rf"is not written: what `{protector}` holds is obeyed by other programs"):
        write_bytes(locate(house, path), b"x")
    assert sorted(str(path) for path in house.rglob("*")) == before


def test_names_that_only_look_protected_are_written(house):
    for path in ("hooks/a", "config", ".gitignore", ".github/config", "deep/agentx", ".git/info/exclude"):
        write_bytes(locate(house, path), b"x")


def linked(house):
    (house / "repo.git" / "hooks").mkdir(parents=True)
    (house / ".git").symlink_to("repo.git")
    (house / "sub").symlink_to(".git")


def of_linked_parts(house):
    (house / ".git").mkdir()
    (house / "store" / "hooks").mkdir(parents=True)
    for name in ("hooks", "config"):
        (house / ".git" / name).symlink_to(f"../store/{name}")


def elsewhere(house):
    for name in ("meta/objects", "meta/refs", "meta/worktrees/x", "tree"):
        (house / name).mkdir(parents=True)
    for name in ("meta/HEAD", "meta/worktrees/x/HEAD", "meta/worktrees/x/commondir"):
        (house / name).touch()
    (house / "tree" / ".git").write_text("gitdir: ../meta/worktrees/x\n")


@pytest.mark.parametrize(
    ("repository", "path"),
    [
        (linked, ".git/hooks/pre-commit"),
        (linked, ".git/config"),
        (linked, "repo.git/hooks/pre-commit"),
        (linked, "sub/config"),
        (linked, "{alias}/.git/config"),
        (of_linked_parts, ".git/hooks/pre-commit"),
        (of_linked_parts, ".git/config"),
        (of_linked_parts, "store/hooks/pre-commit"),
        (of_linked_parts, "store/config"),
        (elsewhere, "meta/config"),
        (elsewhere, "meta/hooks/pre-commit"),
        (elsewhere, "meta/worktrees/x/config.worktree"),
        (elsewhere, "meta/worktrees/x/commondir"),
    ],
)
def test_a_repository_is_protected_by_whatever_way_it_is_reached(house, tmp_path, repository, path):
    (tmp_path / "alias").symlink_to(house)
    repository(house)
    before = sorted(str(path) for path in house.rglob("*"))
    with pytest.raises(ToolError, match=r"is not written: what `\.git/.*` holds is obeyed by other programs"):
        write_bytes(locate(house, path.format(alias=tmp_path / "alias")), b"x")
    assert sorted(str(path) for path in house.rglob("*")) == before


def test_beside_what_is_obeyed_a_linked_repository_is_written(house):
    linked(house)
    elsewhere(house)
    for path in ("repo.git/description", "meta/description", "store/config", "tree/config"):
        write_bytes(locate(house, path), b"x")


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(PIECES, max_size=6), st.booleans())
def test_no_path_whatever_escapes(pieces, absolute):
    path = ("/" if absolute else "") + "/".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        inside = furnished(Path(folder))
        try:
            place = locate(inside, path)
            write_bytes(place, b"written")
            assert read_bytes(place) == b"written"
        except ToolError as error:
            assert "\n" not in str(error)
        assert (Path(folder) / "outside" / "a.txt").read_text() == "secret"
        assert names(folder) == ["outside", "workspace"]
        assert names(Path(folder) / "outside") == ["a.txt"]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("", "The path is empty"),
        ("a\x00b", "holds a character that no path may hold"),
        ("\ud800", "holds a character that no path may hold"),
        ("x" * 300, "is too long for a path"),
        ("loop", "symbolic link that cannot be followed"),
        ("deep", "is a folder, not a file"),
        (".", "is a folder, not a file"),
        ("deep/a.txt/more", "runs through something that is not a folder"),
    ],
)
def test_an_odd_path_is_told_apart(house, path, sentence):
    with pytest.raises(ToolError, match=sentence):
        read_bytes(locate(house, path))


def test_a_missing_file_names_its_argument_and_the_paths_that_there_are(house):
    with pytest.raises(ToolError, match=r"^There is no `a.txt` in the workspace\.$") as raised:
        read_bytes(locate(house, "a.txt", "source"))
    assert raised.value.argument == "source"
    assert {"deep", "deep/a.txt"} <= set(raised.value.valid)


def test_a_workspace_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ToolError, match="is not a folder that exists"):
        locate(tmp_path / "none", "a.txt")


def test_a_pipe_is_refused_and_does_not_block(house):
    os.mkfifo(house / "pipe")
    with pytest.raises(ToolError, match="is no regular file"):
        read_bytes(locate(house, "pipe"))
    with pytest.raises(ToolError, match="is no regular file"):
        write_bytes(locate(house, "pipe"), b"x")


def test_a_file_too_large_to_read_is_refused(house):
    with (house / "large").open("wb") as file:
        file.truncate(workspace.MAX_READ_BYTES + 1)
    with pytest.raises(ToolError, match=r"too large to read whole \(32 MiB\)"):
        read_bytes(locate(house, "large"))


def test_a_write_keeps_the_mode_and_leaves_no_temporary_file(house):
    script = house / "run.sh"
    script.write_text("old")
    script.chmod(0o750)
    written = write_bytes(locate(house, "run.sh"), b"new")
    assert (written.replaced, written.size_bytes) == (True, 3)
    assert stat.S_IMODE(script.stat().st_mode) == 0o750
    assert script.read_bytes() == b"new"
    assert not [name for name in names(house) if name.startswith(".agentx-")]


def test_a_new_file_gets_the_mode_of_the_umask(house):
    (house / "usual").touch()
    write_bytes(locate(house, "made"), b"")
    assert (house / "made").stat().st_mode == (house / "usual").stat().st_mode


def test_a_write_that_fails_leaves_the_old_file_whole(house):
    import resource

    (house / "a.txt").write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(ToolError, match=r"^`a.txt` cannot be written: the file would be too large\.$"):
            write_bytes(locate(house, "a.txt"), b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (house / "a.txt").read_text() == "old"
    assert not [name for name in names(house) if name.startswith(".agentx-")]


def test_a_full_disk_is_said_so(house):
    with (
        pytest.raises(ToolError, match=r"^`a.txt` cannot be written: the disk is full\.$"),
        workspace.explained(Place(house, ("a.txt",))),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_a_file_made_read_only_is_not_replaced():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "a.txt"
        path.write_text("old")
        path.chmod(0o444)
        with not_as_root(), pytest.raises(ToolError, match=r"^`a.txt` cannot be opened: permission denied\.$"):
            write_bytes(locate(Path(folder), "a.txt"), b"new")
        assert path.read_text() == "old"


@contextmanager
def not_as_root():
    """Root may write anywhere, so that it has to be somebody else for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)
