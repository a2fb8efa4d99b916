"""The record of one case."""

from dataclasses import dataclass

from benchmarks.tasks.results import reader


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is defined by; records of different settings never share a file."""

    model: str
    strategy: str
    seed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What came of one case.

    Attributes:
        valid: right by the leaderboard's checker.
        error: what is wrong, in the checker's words; what a turn ended with where that was no answer.
        calls: what was called, in order; of a multi-turn case, all turns.
        answer: what was said where nothing was called.
        seconds: wall time without loading the model.
    """

    id: str
    category: str
    number: int
    settings: Settings
    valid: bool
    error: str
    calls: list[str]
    answer: str | None
    prompt_tokens: int
    reused_tokens: int
    forced_tokens: int
    sampled_tokens: int
    probe_tokens: int
    seconds: float


from_json = reader(Record, Settings)
