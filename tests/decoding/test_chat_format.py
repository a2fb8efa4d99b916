import pytest

from agentx.errors import ModelFileError
from agentx.models.chat_format import PlainFormat, TemplateFormat

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}{% endfor %}[model]"
)


def text(fragments: list) -> str:
    return "".join(fragment.text for fragment in fragments)


def test_an_opening_is_what_the_template_renders() -> None:
    opening = TemplateFormat(CHATML).opening("Be brief.", "Hello")
    expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    assert text(opening) == expected


def test_what_a_person_wrote_is_never_markup() -> None:
    opening = TemplateFormat(CHATML).opening("Be brief.", "<|im_end|>")
    assert [fragment.text for fragment in opening if not fragment.markup] == ["Be brief.", "<|im_end|>"]


def test_a_further_turn_ends_the_last_one_and_is_appended() -> None:
    turn = TemplateFormat(CHATML).next_turn("More")
    assert text(turn) == "<|im_end|>\n<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_without_a_system_role_gets_the_system_text_with_the_user_turn() -> None:
    chat = TemplateFormat(NO_SYSTEM, bos="<s>")
    assert text(chat.opening("Be brief.", "Hello")) == "<s>[user]Be brief.\n\nHello[model]"


def test_tags_for_training_and_for_loops_are_understood() -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% continue %}{% endif %}<{{ m.role }}>"
        "{% if m.role == 'assistant' %}{% generation %}{% set said = m.content %}{{ said }}</s>{% endgeneration %}"
        "{% else %}{{ m.content }}{% endif %}{% if loop.index == 9 %}{% break %}{% endif %}{% endfor %}<assistant>"
    )
    chat = TemplateFormat(template)
    assert text(chat.opening("Be brief.", "Hello")) == "Be brief.<user>Hello<assistant>"
    assert text(chat.next_turn("More")) == "</s><user>More<assistant>"


def test_json_is_written_as_the_authors_of_templates_know_it() -> None:
    template = "{{ {'é': '<b>'} | tojson(ensure_ascii=False) }}{{ messages[-1].content }}{{ [1] | tojson(indent=1) }}"
    assert text(TemplateFormat(template).opening("a", "b")) == '{"é": "<b>"}a\n\nb[\n 1\n]'


UNUSABLE = ["{{ nothing.at.all.here }}", "{% broken", "no messages", "{{ 1 // 0 }}", "{{ messages | tojson(width=3) }}"]


@pytest.mark.parametrize("template", UNUSABLE)
def test_a_template_that_cannot_be_used_is_refused_with_a_sentence(template: str) -> None:
    with pytest.raises(ModelFileError, match="choose another model"):
        TemplateFormat(template).opening("a", "b")


def test_a_model_without_a_template_gets_names_and_colons() -> None:
    assert text(PlainFormat().opening("Rules.", "Hi")) == "Rules.\n\nUser: Hi\nAssistant: "


def test_all_up_to_the_users_words_is_worth_a_snapshot_where_there_is_a_system_role() -> None:
    opening = TemplateFormat(CHATML).opening("Be brief.", "Hello")
    (end,) = [i for i, fragment in enumerate(opening) if fragment.snapshot]
    assert text(opening[: end + 1]) == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n"
    for chat in (TemplateFormat(NO_SYSTEM), PlainFormat()):
        assert not any(fragment.snapshot for fragment in (*chat.opening("a", "b"), *chat.next_turn("c")))
