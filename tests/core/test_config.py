from pathlib import Path

import pytest

from agentx import config, config_fields
from agentx.errors import ConfigError, UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


def user(home: Path, text: str) -> Path:
    path = home / "config" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def project(home: Path, text: str) -> Path:
    path = home / "work" / ".agentx" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_files_all_is_default(home: Path) -> None:
    loaded = config.load(home / "work")
    assert loaded.settings == config.Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert not (home / "config").exists()


def test_command_line_beats_environment_beats_project_beats_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_file = user(home, 'model = "u"\nmax_steps = 1\nseed = 1\ntemperature = 1\nstrategy = "u"')
    project_file = project(home, "max_steps = 2\nseed = 2\ntemperature = 2")
    config.trust_project(home / "work")
    monkeypatch.setenv("AGENTX_SEED", "3")
    monkeypatch.setenv("AGENTX_TEMPERATURE", "3")
    loaded = config.load(home / "work", {"temperature": 4.0, "strategy": None})
    settings = loaded.settings
    assert (settings.model, settings.max_steps, settings.seed, settings.temperature) == ("u", 2, 3, 4.0)
    assert settings.strategy == "u"
    assert loaded.origins["model"] == str(user_file)
    assert loaded.origins["max_steps"] == str(project_file)
    assert loaded.origins["seed"] == "AGENTX_SEED"
    assert loaded.origins["temperature"] == "command line"
    assert loaded.origins["threads"] == "default"


def test_tables_of_tools_are_merged_key_by_key(home: Path) -> None:
    user(home, '[tools.fetch_page]\nallow = ["a"]\nagent = "x"')
    project(home, '[tools.fetch_page]\nallow = ["b"]\n[tools.other]\ndeep = {x = 1}')
    config.trust_project(home / "work")
    loaded = config.load(home / "work")
    assert loaded.settings.tool_settings == {
        "fetch_page": {"allow": ["b"], "agent": "x"},
        "other": {"deep": {"x": 1}},
    }
    assert loaded.origins["tools.fetch_page.agent"].startswith(str(home / "config"))


def test_a_project_file_counts_only_once_trusted_and_again_after_a_change(home: Path) -> None:
    path = project(home, 'allow = ["all"]')
    loaded = config.load(home / "work")
    assert loaded.settings.allow == []
    assert loaded.notices == [f"{path} is not trusted and was ignored; read it, then run `agentx config trust`."]
    config.trust_project(home / "work")
    loaded = config.load(home / "work")
    assert (loaded.settings.allow, loaded.notices) == (["all"], [])
    path.write_text('allow = ["all"] ')
    assert config.load(home / "work").settings.allow == []


def test_trust_does_not_travel_with_a_copy(home: Path) -> None:
    path = project(home, "max_steps = 3")
    config.trust_project(home / "work")
    other = home / "other" / ".agentx" / "config.toml"
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())
    assert config.load(home / "other").settings.max_steps == 20


def test_an_untrusted_file_may_be_broken(home: Path) -> None:
    project(home, "= = =")
    assert len(config.load(home / "work").notices) == 1
    with pytest.raises(ConfigError, match="not valid TOML"):
        config.trust_project(home / "work")


def test_there_must_be_something_to_trust(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no .*\.agentx/config\.toml to trust"):
        config.trust_project(home / "work")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\nmax_stepps = 3", r"config\.toml, line 2: there is no setting `max_stepps`; the settings are: model, "),
        ("# x\n\nmax_steps = 'three'", r"line 3: `max_steps` must be a whole number from 1 up, not 'three'"),
        ("max_steps = 0", r"line 1: `max_steps` must be a whole number from 1 up, not 0"),
        ("max_steps = true", r"`max_steps` must be a whole number from 1 up, not True"),
        ("threads = 1.5", r"`threads` must be a whole number"),
        ("temperature = nan", r"`temperature` must be a number from 0 up, not nan"),
        ("timeout_s = inf", r"`timeout_s` must be seconds"),
        ("timeout_s = 0", r"`timeout_s` must be seconds, a number above 0"),
        ("seed = -1", r"`seed` must be"),
        ("allow = 'all'", r"`allow` must be a list of patterns, not 'all'"),
        ("model = 3", r"`model` must be a model's name"),
        ("tools = ['read_file']", r"line 1: `tools` holds one table for each tool.*`enabled_tools`"),
        ("tool_settings = {a = {}}", r"there is no setting `tool_settings`"),
        ("[tools]\nfetch_page = 3", r"`tools` holds one table for each tool"),
        ("max_steps = = 3", r"not valid TOML: .*line 1, column 13"),
        ("a = 1\na = 2", r"not valid TOML"),
    ],
)
def test_a_bad_file_is_one_sentence(home: Path, text: str, sentence: str) -> None:
    user(home, text)
    with pytest.raises(ConfigError, match=sentence) as caught:
        config.load(home / "work")
    assert "\n" not in str(caught.value)
    assert str(home / "config" / "config.toml") in str(caught.value)


def test_a_file_that_is_not_utf8_is_one_sentence(home: Path) -> None:
    user(home, "").write_bytes(b"model = '\xff'")
    with pytest.raises(ConfigError, match=r"not UTF-8 text \(byte 9\)"):
        config.load(home / "work")


def test_a_byte_order_mark_is_no_error(home: Path) -> None:
    user(home, "").write_bytes(b"\xef\xbb\xbfseed = 5")
    assert config.load(home / "work").settings.seed == 5


def test_a_folder_in_the_files_place_is_one_sentence(home: Path) -> None:
    (home / "config" / "config.toml").mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(home / "work")


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("AGENTX_MODEL", "m", "model", "m"),
        ("AGENTX_MAX_STEPS", "7", "max_steps", 7),
        ("AGENTX_TIMEOUT_S", "1.5", "timeout_s", 1.5),
        ("AGENTX_ENABLED_TOOLS", "read_file, calculate", "enabled_tools", ["read_file", "calculate"]),
        ("AGENTX_ALLOW", 'a(x="1,2"),b', "allow", ['a(x="1,2")', "b"]),
        ("AGENTX_ALLOW", '["a,b"]', "allow", ["a,b"]),
        (
            "AGENTX_PRINCIPLES",
            "Be kind, and brief.\nName nobody.",
            "principles",
            ["Be kind, and brief.", "Name nobody."],
        ),
        ("AGENTX_MAX_STEPS", "", "max_steps", 20),
    ],
)
def test_the_environment_is_read(home: Path, monkeypatch, variable: str, text: str, key: str, value: object) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(config.load(home / "work").settings, key) == value


def test_a_bad_variable_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTX_MAX_STEPS", "many")
    with pytest.raises(ConfigError, match="AGENTX_MAX_STEPS: `max_steps` must be a whole number from 1 up, not 'many'"):
        config.load(home / "work")


def test_a_bad_option_is_a_usage_error(home: Path) -> None:
    with pytest.raises(UsageError, match="command line: `max_steps` must be"):
        config.load(home / "work", {"max_steps": -1})


def test_what_each_source_denies_is_denied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user(home, "deny = ['shell', 'fetch_page']")
    project(home, "deny = ['python', 'shell']")
    config.trust_project(home / "work")
    monkeypatch.setenv("AGENTX_DENY", "sql")
    loaded = config.load(home / "work", {"deny": ["write_file"]})
    assert loaded.settings.deny == ["shell", "fetch_page", "python", "sql", "write_file"]
    assert loaded.origins["deny"] == "command line"
    assert config.load(home / "work").settings.deny == ["shell", "fetch_page", "python", "sql"]


def test_what_is_allowed_is_what_the_strongest_source_allows(home: Path) -> None:
    user(home, "allow = ['shell']")
    assert config.load(home / "work", {"allow": ["now"]}).settings.allow == ["now"]


def test_a_path_is_set_so_that_it_holds_in_every_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home / "me"))
    for key, text, held in (
        ("model", "mine.gguf", f"{home}/mine.gguf"),
        ("model", "sub/mine", f"{home}/sub/mine"),
        ("model", "~/mine.gguf", f"{home}/me/mine.gguf"),
        ("adapter", "tools", f"{home}/tools"),
    ):
        config.set_user_value(key, text)
        assert getattr(config.load(home / "work").settings, key) == held


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("model", "smollm2-135m"),
        ("model", "hf://owner/repo/file.gguf"),
        ("model", "scripted:replies/a.json"),
        ("adapter", "none"),
    ],
)
def test_what_is_no_path_is_set_as_it_was_typed(home: Path, monkeypatch, key: str, text: str) -> None:
    monkeypatch.chdir(home)
    # A file that is called as a model is does not take its place.
    (home / "smollm2-135m").write_text("notes")
    config.set_user_value(key, text)
    assert getattr(config.load(home / "work").settings, key) == text


def test_set_keeps_comments_and_order(home: Path) -> None:
    path = user(home, "# mine\nseed = 1 # lucky\n\n[tools.fetch_page] # the page\nallow = ['a']\n")
    config.set_user_value("max_steps", "9")
    config.set_user_value("seed", "2")
    config.set_user_value("tools.fetch_page.allow", '["127.0.0.1:8000"]')
    config.set_user_value("tools.web_search.provider", "ddgs")
    config.set_user_value("enabled_tools", "now,glob")
    text = path.read_text()
    assert "# mine\nseed = 2 # lucky\n" in text
    assert "[tools.fetch_page] # the page\n" in text
    settings = config.load(home / "work").settings
    assert (settings.max_steps, settings.seed, settings.enabled_tools) == (9, 2, ["now", "glob"])
    assert settings.tool_settings == {
        "fetch_page": {"allow": ["127.0.0.1:8000"]},
        "web_search": {"provider": "ddgs"},
    }


def test_a_setting_is_taken_out_again_and_the_rest_stays(home: Path) -> None:
    path = user(home, "# mine\nseed = 1 # lucky\nmax_steps = 9\n\n[tools.fetch_page]\nallow = ['a']\n")
    config.write_user_value("max_steps", None)
    config.write_user_value("tools.fetch_page.allow", None)
    config.write_user_value("threads", None)
    assert path.read_text() == "# mine\nseed = 1 # lucky\n\n[tools.fetch_page]\n"
    assert config.load(home / "work").settings.max_steps == 20


def test_every_setting_says_what_it_is_and_what_it_may_be() -> None:
    known = {field.key: field for field in config_fields.fields()}
    assert list(known) and all(field.about and field.expected and field.group for field in known.values())
    assert known["mode"].choices == ("read-only", "ask", "auto-edit", "full")
    assert "auto" in known["strategy"].choices and known["threads"].kind == "number"
    assert (known["allow"].kind, known["allow"].default, known["instructions"].kind) == ("list", [], "text")
    groups = [field.group for field in known.values()]
    assert groups == sorted(groups, key=groups.index)


def test_set_makes_the_file(home: Path) -> None:
    assert config.set_user_value("model", "m").read_text() == 'model = "m"\n'
    assert [file.name for file in (home / "config").iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("max_stepps", "3", "no setting `max_stepps`"),
        ("max_steps", "x", "must be a whole number"),
        ("tools", "x", "no setting `tools`"),
        ("tools.a", "x", "no setting `tools.a`"),
        ("mode", "wild", "`mode` must be one of read-only, ask, auto-edit, full, not 'wild'"),
        ("strategy", "none", "`strategy` must be one of auto, "),
        ("allow", "write_file(", "`allow`: `write_file\\(` is no pattern"),
        ("enabled_tools", "now,flying", "there is no tool `flying`"),
    ],
)
def test_set_refuses_what_load_would(home: Path, key: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        config.set_user_value(key, value)
    assert not (home / "config").exists()


def test_set_does_not_write_around_a_broken_file(home: Path) -> None:
    path = user(home, "seed = = 1")
    with pytest.raises(ConfigError, match="not valid TOML"):
        config.set_user_value("seed", "2")
    assert path.read_text() == "seed = = 1"


def test_a_folder_that_cannot_be_written_is_one_sentence(home: Path) -> None:
    (home / "config").write_text("a file")
    with pytest.raises(ConfigError, match=r"cannot be written .*AGENTX_CONFIG_DIR"):
        config.set_user_value("seed", "2")
