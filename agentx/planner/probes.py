"""Yes/No probes: small questions to the model, answered by the logits of its next word; no token is decoded.

That a model's probability of "True" about a statement can be used once it is calibrated is after Kadavath et al.,
2022 (https://arxiv.org/abs/2207.05221). Where Yes begins differs from model to model: each probe has a threshold that
is safe for an unknown model, and a calibrated model has its own (`agentx.planner.calibration`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

from agentx.messages import Usage
from agentx.model import Fragment
from agentx.planner.base import Strategy, Turn
from agentx.planner.decoding import probability_of_yes, prompt_text
from agentx.planner.odds import log_odds, probability
from agentx.planner.requests import WORKED
from agentx.planner.showing import one_line


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, `prompts/NAME.md`: what is asked, and above a line `---` the rules and examples for it, if any.

    Attributes:
        beside: name of the strategy whose replies begin with the answer, where it is about the tools: its openings
            ask. None where the task alone decides: without the tools the answer is clearer and costs fewer tokens.
        yes: what Yes means.
        beside_it: names of further questions whose answers count as much as its own: the mean of their log-odds is the
            probe's. Two weak answers to different questions err in different tasks.
        threshold: probability from which an unknown model's answer is taken for Yes.
        missed_cost: what a wrong No costs, in the units of `needless_cost`.
        needless_cost: what a wrong Yes costs.
    """

    name: str
    beside: str | None
    yes: str
    threshold: float
    missed_cost: float
    needless_cost: float
    beside_it: tuple[str, ...] = ()

    @property
    def wording(self) -> str:
        """The text that asks; beside the tools, with the worked requests before it."""
        if self.beside is None:
            return "\n".join(map(prompt_text, self.questions))
        return "\n".join([prompt_text(self.beside), *(worked.text for worked in WORKED)])

    @property
    def questions(self) -> tuple[str, ...]:
        """Names of the questions that are asked."""
        return (self.name, *self.beside_it)


# The costs say how dear an error is and how often its occasion comes. A call that does not do what was asked is as bad
# as none. A task that does not look where it should fails, a needless look takes a second. An unasked write does more
# harm than the refusal of a wanted one, but most writes that a model wants to make are wanted.
RELEVANCE = Probe("relevance", "direct", "one of the tools does what is asked", 0.5, missed_cost=1, needless_cost=1)
NEEDS_LOOK = Probe("needs_look", None, "the task needs data or a computation", 0.2, missed_cost=10, needless_cost=1)
ASKS_FOR_CHANGE = Probe(
    "asks_for_change", None, "the task asks to change something that is kept", 0.5, missed_cost=1, needless_cost=1
)
ASKS_FOR_EFFECT = Probe(
    "asks_for_effect",
    None,
    "the task asks for what the tool does",
    0.45,
    missed_cost=1,
    needless_cost=1,
    beside_it=(ASKS_FOR_CHANGE.name,),
)

_SAID = 300  # characters of what was said before that a question repeats

PROBES = {probe.name: probe for probe in (RELEVANCE, NEEDS_LOOK, ASKS_FOR_CHANGE, ASKS_FOR_EFFECT)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer: `probability` is that of Yes against No, `yes` whether it reaches the model's `threshold`."""

    probability: float
    threshold: float
    usage: Usage

    @property
    def yes(self) -> bool:
        return self.probability >= self.threshold

    @property
    def margin(self) -> float:
        """By how much its log-odds are above those of the threshold."""
        return log_odds(self.probability) - log_odds(self.threshold)


async def ask(turn: Turn, probe: Probe, strategy: Strategy | None = None, **values: str) -> Verdict:
    """Asks a probe about the task; asked again in the same task it costs nothing.

    Args:
        strategy: the one that `probe.beside` names; the turn's prompt, or its opening where there is none yet, is then
            what is answered. None for a probe without.
        values: what the question holds beside the task.
    """
    threshold = turn.thresholds.get(probe.name, probe.threshold)
    if strategy is not None:
        prompt = turn.prompt or strategy.opening(turn, follow_up=False)
        value, usage = await _asked(turn, probe.name, turn.task, prompt)
        return Verdict(value, threshold, usage)
    odds, usage = 0.0, Usage()
    for name in probe.questions:
        rules, _, question = prompt_text(name).rpartition("\n---\n")
        text = Template(question).substitute(values, task=in_context(turn))
        value, cost = await _asked(turn, name, text, turn.model.chat.opening(rules, text))
        odds, usage = odds + log_odds(value) / len(probe.questions), usage + cost
    value = probability(odds)
    return Verdict(value, threshold, usage)


async def _asked(turn: Turn, name: str, text: str, prompt: Sequence[Fragment]) -> tuple[float, Usage]:
    """The probability of Yes to a question, and what it cost: nothing where it was asked before in this task."""
    key, usage = (name, text), Usage()
    if key not in turn.probed:
        turn.probed[key], usage = await probability_of_yes(turn, prompt)
    return turn.probed[key], usage


def in_context(turn: Turn) -> str:
    """The task, and for a follow-up what was said before it: "Yes, do that" asks for nothing by itself."""
    if not turn.conversation:
        return turn.task
    task, answer = turn.conversation[-1]
    return f"{turn.task}\n(Before, the user said: {one_line(task, _SAID)} And was answered: {one_line(answer, _SAID)})"
