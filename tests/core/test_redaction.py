import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentx.redaction import Pieces, beginning, cuts, redact, redact_json, redact_value

KEY = "MIIEowIBAAKCAQEAx7Jt0h+2bP/9cQ0mZ8V\n" * 8
SECRETS = {
    "ghp_" + "a1B2" * 9: "github token",
    "github_pat_" + "11ABCDEFG0" * 5: "github token",
    "glpat-" + "x1Y2z3" * 4: "gitlab token",
    "xoxb-123456789012-abcdefGHIJ": "slack token",
    "AKIAIOSFODNN7EXAMPLE": "AWS access key",
    "AIza" + "SyD-1_abc" * 3 + "12345678": "google key",
    "ya29." + "a0AfH6SM" * 5: "google token",
    "GOCSPX-" + "abcd" * 7: "google secret",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P": "JSON web token",
    "sk_live_" + "4eC39HqLyjWD" * 2: "stripe key",
    "sk-" + "T3BlbkFJ" * 6: "API key",
    "sk-proj-" + "Ab3_-xyz" * 5: "API key",
    "sk-ant-api03-" + "Ab3_-xyz" * 5: "API key",
    "sk-or-v1-" + "0123456789abcdef" * 4: "API key",
    "hf_" + "aBcDeFgHiJ" * 4: "hugging face token",
    "npm_" + "abcdef" * 6: "npm token",
    "pypi-AgEIcHlwaS5vcmc" + "CJDAwMDA" * 8: "PyPI token",
    f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}-----END RSA PRIVATE KEY-----": "private key",
    f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,1F2E\n\n{KEY}"
    "-----END RSA PRIVATE KEY-----": "private key",
}
IN_PLACE = {
    "https://me:hunter2@host/x": ("hunter2", "https://me:[redacted: password]@host/x"),
    "postgresql+psycopg://u:p%40ss@db:5432/d": ("p%40ss", "postgresql+psycopg://u:[redacted: password]@db:5432/d"),
    "Authorization: Bearer abcdef0123456789": ("abcdef01234", "Authorization: Bearer [redacted: authorization]"),
    '"authorization": "Basic dXNlcjpwYXNzMTIzNDU2"': ("dXNlcjpw", '"authorization": "Basic [redacted: authorization]"'),
    "AWS_SECRET_ACCESS_KEY=" + "wJalrXUt/K" * 4: ("wJalr", "AWS_SECRET_ACCESS_KEY=[redacted: AWS secret key]"),
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX": (
        "B00000000",
        "https://hooks.slack.com/services/[redacted: slack webhook]",
    ),
}
ORDINARY = [
    "a task-force, a risk-free desk-top, sk-estimator-doc-link and sk-container-id-1 fitted",
    "http://localhost:8080/path@2x.png and mail to a:b@c.de, git@github.com:a/b.git, ssh://git@host:22/x",
    "the Authorization: Bearer <token> header, `Authorization: Bearer $TOKEN`, bearer bonds of 1998",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
    "the line -----BEGIN RSA PRIVATE KEY----- is how a key begins.",
    "ghp_short, AKIA, eyJ, hf_transfer, npm_config_registry, AIza, xoxo, GHP_" + "a" * 40,
    "aws_secret_access_key = os.environ['KEY']",
]
texts = st.one_of(
    st.sampled_from([*SECRETS, *IN_PLACE, *ORDINARY]),
    st.text(),
    st.text(alphabet='"\\\n\t/:@ -=ghp_skAeyJ.0aA\ud800é'),
)
joined = st.lists(texts, max_size=5).map(" ".join)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), joined),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(joined, inner, max_size=3)),
    max_leaves=8,
)


@pytest.mark.parametrize(("secret", "name"), SECRETS.items())
def test_a_secret_is_replaced_by_what_it_was(secret: str, name: str) -> None:
    assert redact(secret) == f"[redacted: {name}]"
    for before, after in (("token=", "&x=1"), ('"', '"'), ("line\n", "\nnext"), ("(", ")."), ("é ", " é")):
        assert redact(before + secret + after).strip() == f"{before}[redacted: {name}]{after}".strip()


def test_a_key_that_is_cut_off_is_one_too() -> None:
    assert redact(f"a -----BEGIN OPENSSH PRIVATE KEY-----\n{KEY}") == "a [redacted: private key]"


@pytest.mark.parametrize(("text", "expected"), IN_PLACE.items())
def test_what_stands_around_a_secret_stays(text: str, expected: tuple[str, str]) -> None:
    secret, redacted = expected
    assert secret in text
    assert redact(f"see {text} there") == f"see {redacted} there"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) is text or redact(text) == text


def test_the_text_of_this_project_stays() -> None:
    root = Path(__file__).parents[2]
    corpus = [
        path for folder in ("agentx", "tools", "memory", "tui", "examples") for path in (root / folder).rglob("*")
    ]
    corpus += [root / "README.md", root / "CHANGELOG.md", root / "LICENSE", root / "pyproject.toml"]
    read = 0
    for path in corpus:
        if path.is_file() and path.suffix in (".py", ".md", ".txt", ".toml", ""):
            text = path.read_text("utf-8")
            read += len(text)
            # A URL with a made-up password is documentation of one.
            assert re.sub(r"\[redacted: password\]", "", redact(text)) == text or "://" in text
            assert "[redacted: " not in redact(text).replace("[redacted: password]", "") or "[redacted: " in text
    assert read > 500_000


@given(values)
def test_json_stays_json_and_its_shape_too(value: object) -> None:
    text = json.dumps(value)
    redacted = redact_json(text)
    assert json.loads(redacted) == redact_value(value)
    if "[redacted: " not in redacted:
        assert redacted == text


@given(joined)
def test_no_secret_is_left_and_nothing_is_taken_out_twice(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    assert not [secret for secret in SECRETS if secret in once]
    assert not [secret for secret, _ in IN_PLACE.values() if secret in once]


@given(st.lists(texts, max_size=4), st.lists(st.integers(1, 12), min_size=1))
def test_text_in_pieces_loses_its_secrets_too(parts: list[str], sizes: list[int]) -> None:
    text = " ".join(parts)
    pieces, at, turn, out = Pieces(), 0, 0, []
    while at < len(text):
        size = sizes[turn % len(sizes)]
        out.append(pieces.take(text[at : at + size]))
        at, turn = at + size, turn + 1
    out.append(pieces.rest())
    written = "".join(out)
    for secret in SECRETS:
        assert secret not in written
        assert secret not in text or secret[len(secret) // 2 :] not in written
    assert not [secret for secret, _ in IN_PLACE.values() if secret in written]
    if redact(text) == text:
        assert written == text


@pytest.mark.parametrize("secret", [*SECRETS, *(text for text, _ in IN_PLACE.values())])
def test_no_cut_leaves_a_part_of_a_secret(secret: str) -> None:
    text = f"before {secret} after, and so on"
    for at in range(len(text) + 1):
        before, after = cuts(text, at)
        assert before <= at <= after
        assert redact(text) == text or redact(text[:before]) + redact(text[before:]) == redact(text), text[:before]
        assert redact(text[:after]) + redact(text[after:]) == redact(text), text[after:]


def test_a_beginning_ends_before_a_secret_that_does_not_fit() -> None:
    token = "ghp_" + "a1B2" * 9
    assert beginning(f"say {token} now", 20) == "say "
    assert beginning(f"say {token} now", 44) == f"say {token}" and beginning("short", 20) == "short"


def test_keys_of_an_object_are_kept_apart() -> None:
    first, second = "ghp_" + "a1B2" * 9, "ghp_" + "c3D4" * 9
    assert redact_value({first: 1, second: 2}) == {"[redacted: github token]": 1, "[redacted: github token] 2": 2}


LONG = [
    "://" * 100_000,
    "-----BEGIN RSA PRIVATE KEY-----" * 10_000,
    "sk-" * 100_000,
    "eyJ" * 100_000,
    "-eyJaaaaaaaa." * 30_000,
    "://a:" + "b" * 300_000,
    "bearer " * 50_000,
    "bearer" * 50_000,
    "ya29." * 60_000,
    "ghp_" + "a" * 300_000,
    "-----BEGIN RSA PRIVATE KEY-----" + "a" * 300_000,
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_no_text_takes_long(text: str) -> None:
    started = time.thread_time()
    redact(text)
    pieces = Pieces()
    for at in range(0, len(text), 50_000):
        pieces.take(text[at : at + 50_000])
    pieces.rest()
    assert time.thread_time() - started < 5
