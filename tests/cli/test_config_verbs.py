from pathlib import Path


def test_show_names_each_origin(cli, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "c"))
    monkeypatch.setenv("AGENTX_SEED", "7")
    assert cli("config", "set", "max_steps", "9").code == 0
    assert cli("config", "set", "tools.fetch_page.allow", '["127.0.0.1:8000"]').code == 0
    file = tmp_path / "c" / "config.toml"
    lines = cli("config", "show", "--origin").out.splitlines()
    assert f"max_steps = 9  # {file}" in lines
    assert "seed = 7  # AGENTX_SEED" in lines
    assert "temperature = 0.0  # default" in lines
    assert f'tools.fetch_page.allow = ["127.0.0.1:8000"]  # {file}' in lines
    assert "max_steps = 9" in cli("config", "show").out.splitlines()


def test_path_prints_one_path(cli, tmp_path: Path, monkeypatch, workspace: Path) -> None:
    monkeypatch.setenv("AGENTX_CONFIG_DIR", str(tmp_path / "c"))
    assert cli("config", "path").out == f"{tmp_path / 'c' / 'config.toml'}\n"
    assert cli("config", "path", "--project").out == f"{workspace / '.agentx' / 'config.toml'}\n"


def test_a_bad_value_ends_with_78(cli) -> None:
    ran = cli("config", "set", "max_steps", "many")
    assert ran.code == 78
    assert "`max_steps` must be a whole number from 1 up, not 'many'" in ran.err


def test_there_must_be_something_to_trust(cli) -> None:
    assert cli("config", "trust").code == 78


def test_lists_are_typed_as_the_help_says(cli) -> None:
    shown = " ".join(cli("config", "set", "--help").out.split())
    assert "separated by commas, one of sentences (principles) by line ends; or it is TOML" in shown
    for key, typed, held in (
        ("deny", "shell,python", '["shell", "python"]'),
        ("principles", "Be kind, and brief.\nName nobody.", '["Be kind, and brief.", "Name nobody."]'),
        ("tools.fetch_page.allow", '["a:1", "b:2"]', '["a:1", "b:2"]'),
    ):
        assert cli("config", "set", key, typed).code == 0
        assert f"{key} = {held}" in cli("config", "show").out.splitlines()
