"""The prompts that a session has sent to its model.

The journal keeps a digest of each request and not its text, which would be the whole conversation once more for every
reply. The text is found again by playing the session back: a prompt with the digest that was recorded is the one that
was sent, but for secrets, which the journal never held. A probe about a call is not asked again, as the call is not
made again: its prompt is not found.
"""

from typing import TYPE_CHECKING, Any

from agentx.dialogue import Dialogue
from agentx.errors import UsageError
from agentx.history import runs
from agentx.model import Prompt, StandIn
from agentx.tape import Diverged

if TYPE_CHECKING:
    from agentx.agent import Agent


async def prompts_sent(agent: "Agent", session_id: str, request: str) -> dict[str, str]:
    """The prompts of the task in which this request was made, by their digests; this one's is among them.

    Nothing is written, no call is made, and the model is not asked.

    Args:
        session_id: of a session in the agent's journal, or of one that works for another's task.

    Raises:
        UsageError: no such session, or the request was about a call, to another model, or made by a task that counts no
            longer.
        Diverged: AgentX, the model, the tools or the settings are not those that the session was recorded with.
        ModelError: the model, whose tokens are counted on the way, cannot be loaded.
    """
    journal: Any = agent.open_journal()
    row = journal.session(session_id)
    helps = row.parent is not None and row.parent_event is None
    dialogue = Dialogue(agent, Dialogue(agent) if helps else None)
    model: Any = _Unasked(await agent.load())
    diverged: Diverged | None = None
    for run in runs(journal.numbered(session_id)):
        found: dict[str, str] = {}

        def watch(digest: str, prompt: Prompt, found: dict[str, str] = found) -> None:
            found[digest] = "".join(fragment.text for fragment in prompt)

        try:
            await dialogue.play_back(model, run, session_id, watch=watch)
        except Diverged as error:
            diverged = error
        if request in found:
            return found
        if diverged:
            raise diverged
    raise UsageError(
        f"Playing session {session_id} back does not come to it, since it was about a call that is not made again, "
        "was put to another model, or was taken back since then."
    )


class _Unasked(StandIn):
    """A model that counts and is never asked, so that a script which stands for one stays where it is."""

    def decode(self, prompt: Prompt, **_: Any) -> Any:
        raise Diverged("A session that is only played back asks for no new reply.")

    async def score(self, prompt: Prompt, continuations: Any) -> Any:
        raise Diverged("A session that is only played back asks for no new scores.")
