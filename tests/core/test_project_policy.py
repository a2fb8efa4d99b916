from pathlib import Path

import pytest

from agentx import project_policy
from agentx.errors import ConfigError
from agentx.project_policy import ProjectPolicy


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".agentx").mkdir(parents=True)
    return folder


def written(project: Path, text: str) -> Path:
    path = project / ".agentx" / "policy.toml"
    path.write_text(text)
    return path


def test_a_project_without_a_file_has_no_policy(tmp_path: Path) -> None:
    assert project_policy.load(tmp_path) == ProjectPolicy()
    assert project_policy.trust_file(tmp_path) is None


def test_what_a_file_forbids_counts_at_once_and_what_it_allows_once_it_is_trusted(project: Path) -> None:
    path = written(project, 'mode = "full"\nallow = ["save"]\ndeny = ["shell"]\n')
    found = project_policy.load(project)
    assert (found.allow, found.deny, found.mode) == ((), ("shell",), None)
    assert found.notice and "is not trusted: only what it denies counts" in found.notice
    assert project_policy.trust_file(project) == path
    assert project_policy.load(project) == ProjectPolicy(("save",), ("shell",), "full")
    path.write_text(path.read_text() + "# changed\n")
    assert project_policy.load(project).allow == ()


def test_a_file_that_only_forbids_needs_no_trust(project: Path) -> None:
    written(project, 'deny = ["shell"]\n')
    assert project_policy.load(project) == ProjectPolicy(deny=("shell",))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("allow = [", "is not valid TOML"),
        ("allows = []", "there is no `allows` in a policy; it has mode, allow and deny"),
        ('mode = "yolo"', "`mode` must be one of read-only, ask, auto-edit, full, not 'yolo'"),
        ('allow = "save"', "`allow` must be a list of patterns"),
        ("deny = [1]", "`deny` must be a list of patterns"),
        ('deny = ["save("]', "`deny`: `save\\(` is no pattern"),
    ],
)
def test_a_file_that_is_no_policy_is_said_so(project: Path, text: str, problem: str) -> None:
    written(project, text)
    with pytest.raises(ConfigError, match=problem):
        project_policy.load(project)


def test_a_kept_pattern_is_trusted_and_the_rest_of_the_file_stays(tmp_path: Path, project: Path) -> None:
    assert project_policy.keep(tmp_path, 'save(path="a")') is None
    assert project_policy.load(tmp_path).allow == ('save(path="a")',)
    path = written(project, '# mine\ndeny = ["shell"]\n')
    for _ in range(2):
        assert project_policy.keep(project, 'save(path="it\'s")') is None
    assert project_policy.load(project) == ProjectPolicy(('save(path="it\'s")',), ("shell",))
    assert path.read_text().startswith("# mine\n")


def test_nothing_is_kept_in_a_file_that_is_not_trusted_or_is_a_link(tmp_path: Path, project: Path) -> None:
    path = written(project, 'allow = ["shell"]\n')
    assert "is not trusted" in (project_policy.keep(project, "save") or "")
    assert path.read_text() == 'allow = ["shell"]\n'
    path.unlink()
    (tmp_path / "elsewhere.toml").write_text("")
    path.symlink_to(tmp_path / "elsewhere.toml")
    assert "is a link" in (project_policy.keep(project, "save") or "")
    assert (tmp_path / "elsewhere.toml").read_text() == ""


def test_a_pattern_is_kept_in_a_file_that_begins_with_a_byte_order_mark(project: Path) -> None:
    path = written(project, "")
    path.write_bytes(b'\xef\xbb\xbf# mine\r\ndeny = ["shell"]\r\n')
    assert project_policy.keep(project, "save") is None
    assert project_policy.load(project) == ProjectPolicy(("save",), ("shell",))
    assert path.read_bytes().startswith(b'# mine\r\ndeny = ["shell"]\r\n')


@pytest.mark.parametrize("path", ["\x7f", "it's \x7f", "\x9b"])
def test_a_pattern_with_control_signs_is_kept_as_it_is(project: Path, path: str) -> None:
    pattern = f'save(path="{path}")'
    assert project_policy.keep(project, pattern) is None
    assert project_policy.load(project).allow == (pattern,)


def test_what_no_file_can_hold_is_not_kept_and_the_person_is_told(project: Path) -> None:
    written(project, 'deny = ["shell"]\n')
    told = project_policy.keep(project, 'save(path="\ud800")') or ""
    assert told.startswith("The approval was not kept for later: ") and "add the pattern to its `allow` by hand" in told
    assert project_policy.load(project) == ProjectPolicy(deny=("shell",))
