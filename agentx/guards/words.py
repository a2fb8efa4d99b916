"""Finds profanity by the word lists of the package `badwords-py`, in the languages that are asked for.

The lists stand for words alone: the package knows their usual disguises (`b1tch`), and leaves alone words that merely
hold one (`assassin`, `Scunthorpe`).
"""

import threading
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from agentx.errors import ConfigError
from agentx.guard import Finding, Place
from agentx.guards.options import require_known, texts

PACKAGE = "badwords"
INSTALL = "pip install 'agentx-local[words]'"
_SCORE = 0.9
"""A word of the list is one; that it stands for what it is there for is another question."""


class Words:
    """A Guard (see `agentx.guard`).

    Settings: `languages` (ISO 639-1 codes, English by default), `extra` (words that are found too) and `allowed` (words
    that are never found).

    Raises:
        ConfigError: the package is not installed, or a setting is off.
    """

    name = "words"
    kinds = frozenset({"profanity"})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        require_known(self.name, settings, "languages", "extra", "allowed")
        self._languages = texts(self.name, settings, "languages", ("en",))
        self._extra = texts(self.name, settings, "extra")
        self._allowed = texts(self.name, settings, "allowed")
        if find_spec(PACKAGE) is None:
            raise ConfigError(f"The guard `{self.name}` needs {PACKAGE}, which the extra `words` brings: {INSTALL}.")
        self._lists: Any = None
        self._loading = threading.Lock()

    def check(self, text: str, place: Place) -> list[Finding]:
        with self._loading:
            self._lists = self._lists or self._loaded()
        return [Finding("profanity", _SCORE, found.start, found.end, "word") for found in self._lists.find(text)]

    def _loaded(self) -> Any:
        from badwords import NotSupportedLanguage, ProfanityFilter

        lists = ProfanityFilter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                lists.init(languages=list(self._languages))
        except NotSupportedLanguage as error:
            raise ConfigError(f"The guard `{self.name}`: there is no list for a language ({error}).") from error
        lists.add_words(self._extra)
        lists.add_whitelist(self._allowed)
        return lists
