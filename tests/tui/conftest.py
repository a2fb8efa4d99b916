import pytest


@pytest.fixture(autouse=True)
def same_terminal_everywhere(own_folders: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a terminal says of itself is no matter of these tests."""
    for name in ("NO_COLOR", "COLORFGBG", "COLORTERM", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
