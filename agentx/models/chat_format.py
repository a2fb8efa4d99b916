"""Who speaks, in the words of a model's own chat template.

The template is rendered once with marks in place of the texts, and cut at the marks. What stands between them is the
model's markup; what goes in their place is somebody's text and never read as markup. So nothing is ever rendered
again, and no user, file or page can end a turn.
"""

from collections.abc import Sequence
from functools import cached_property

from agentx.errors import ModelFileError
from agentx.model import Fragment

_SYSTEM, _USER, _ASSISTANT, _SECOND = (f"\ue000{name}\ue001" for name in ("system", "user", "assistant", "second"))


class TemplateFormat:
    """A chat format cut out of a Jinja chat template (as GGUF files and tokenizers carry it).

    Args:
        template: the Jinja source.
        bos, eos: texts of the begin and end tokens, which some templates print.

    Raises:
        ModelFileError: at first use, if the template cannot be rendered.
    """

    def __init__(self, template: str, bos: str = "", eos: str = "") -> None:
        self._template = template
        self._bos = bos
        self._eos = eos

    def opening(self, system: str, user: str) -> list[Fragment]:
        before, between, after = self._opening_parts
        if between is None:  # the template knows no system role
            return _fragments([before, f"{system}\n\n{user}", after])
        opening = _fragments([before, system])
        # All up to the user's words is the same in each run.
        return [*opening, Fragment(between, markup=True, snapshot=True), *_fragments(["", user, after])]

    def next_turn(self, user: str) -> list[Fragment]:
        before, after = self._turn_parts
        return _fragments([before, user, after])

    @cached_property
    def _opening_parts(self) -> tuple[str, str | None, str]:
        try:
            text = self._render([("system", _SYSTEM), ("user", _USER)])
        except Exception:
            text = ""
        if text.count(_SYSTEM) == 1 and text.count(_USER) == 1 and text.index(_SYSTEM) < text.index(_USER):
            before, rest = text.split(_SYSTEM)
            between, after = rest.split(_USER)
            return before, between, after
        before, after = self._cut(self._render([("user", _USER)]), _USER)
        return before, None, after

    @cached_property
    def _turn_parts(self) -> tuple[str, str]:
        turns = [("user", _USER), ("assistant", _ASSISTANT), ("user", _SECOND)]
        text = self._render(turns)
        return self._cut(self._cut(text, _ASSISTANT)[1], _SECOND)

    def _cut(self, text: str, mark: str) -> tuple[str, str]:
        before, found, after = text.partition(mark)
        if not found:
            raise ModelFileError("The model's chat template drops what the user says; choose another model.")
        return before, after

    def _render(self, turns: Sequence[tuple[str, str]]) -> str:
        from agentx.models.template_language import environment

        try:
            template = environment().from_string(self._template)
            return template.render(
                messages=[{"role": role, "content": content} for role, content in turns],
                add_generation_prompt=True,
                bos_token=self._bos,
                eos_token=self._eos,
            )
        except Exception as error:  # a template may do whatever it likes
            raise ModelFileError(
                f"The model's chat template cannot be rendered ({error}); choose another model."
            ) from error


class PlainFormat:
    """For models without a chat template: names and colons."""

    def opening(self, system: str, user: str) -> list[Fragment]:
        return [Fragment(f"{system}\n\nUser: {user}\nAssistant: ")]

    def next_turn(self, user: str) -> list[Fragment]:
        return [Fragment(f"\nUser: {user}\nAssistant: ")]


def _fragments(parts: list[str]) -> list[Fragment]:
    """Markup and texts in turn, beginning and ending with markup."""
    return [Fragment(part, markup=i % 2 == 0) for i, part in enumerate(parts) if part]
