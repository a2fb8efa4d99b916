"""Whether a call may be carried out: the policy, whose words it holds, what the task asks for, and a person's word."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from agentx import project_policy, sinks, wording
from agentx.events import ApprovalAsked, ApprovalGiven, Notice
from agentx.messages import ToolCall, ToolResult, Usage
from agentx.planner.base import Turn
from agentx.planner.evidence import doubt, refused
from agentx.policy import ApprovalRequest, Approver, Decision, NeedsApproval, Policy, Verdict
from agentx.provenance import Provenance, is_offered
from agentx.tool import Tool

_QUERIES = frozenset({"query", "q", "search", "search_query", "keywords"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it rests on.

    Attributes:
        alone: only a person who sees this very call can approve it: no pattern does, and no approval in advance.
        advice: what would have approved it in advance.
    """

    verdict: Verdict
    alone: bool = False
    advice: str = ""


class Gate:
    """Decides on the calls of one run.

    Attributes:
        usage: what asking the model has cost.
        asking: held while a person is asked: calls run side by side, questions do not.
    """

    def __init__(
        self, turn: Turn, workspace: Path, policy: Policy, provenance: Provenance, approve: Approver | None
    ) -> None:
        self.usage = Usage()
        self._turn = turn
        self._workspace = workspace
        self._policy = policy
        self._provenance = provenance
        self._privacy = provenance.privacy
        self._approve = approve
        self.asking = asyncio.Lock()

    async def pass_on(self, call: ToolCall, maker: ToolCall | None = None) -> ToolCall | ToolResult:
        """The call as it may be carried out, or what the model is told instead.

        Args:
            maker: the call of the program that makes this one; None where the model does.

        Raises:
            NeedsApproval: there is nobody to ask.
        """
        turn = self._turn
        if call.name in turn.without:
            return ToolResult(call.id, "refused", f"refused: `{call.name}` is off in this task.")
        tool = turn.toolbox[call.name]
        judgement = self._judged(tool, call, maker)
        answer, reason = judgement.verdict.answer, judgement.verdict.reason
        if answer == "deny":
            return ToolResult(call.id, "denied", f"denied: {reason}.")
        if call.id in turn.harmless:
            return call
        unasked, usage = await doubt(turn, call)
        self.usage += usage
        # A person who is asked anyway knows better than a probe what the task asks for.
        if unasked and not (answer == "ask" and self._approve):
            return refused(call, unasked)
        if answer == "allow":
            return call
        if unasked:
            reason += ", which the task does not seem to ask for"
        turn.emit(ApprovalAsked(call, reason, judgement.advice))
        if self._approve is None:
            return self._unapproved(call, judgement)
        async with self.asking:
            if self._judged(tool, call, maker).verdict.answer == "allow":
                return call  # granted while this question waited for another
            return self._heeded(await self._approve(ApprovalRequest(call, tool, reason, judgement.alone)), tool, call)

    def _judged(self, tool: Tool, call: ToolCall, maker: ToolCall | None) -> Judgement:
        try:
            return self._judge(tool, call, maker)
        except Exception as error:  # whatever a strange schema or value does to those who look at it
            return Judgement(Verdict("ask", f"{tool.name} cannot be judged ({type(error).__name__})"), alone=True)

    def _judge(self, tool: Tool, call: ToolCall, maker: ToolCall | None) -> Judgement:
        verdict = self._policy.judge(tool, call, self._workspace)
        judgement = Judgement(verdict, advice=f"--allow {call.name}")
        if verdict.answer == "deny" or not self._provenance.tainted:
            return judgement
        sink = sinks.reason(tool, call.arguments, self._workspace)
        if sink is None:
            return judgement
        if leak := self._leak(tool, call, maker):
            reason = f"{tool.name} {sink}, text of strangers was read, and {leak}"
            return Judgement(Verdict("ask", reason), alone=True)
        names = [] if self._policy.allows_all else self._provenance.foreign(tool, call.arguments)
        if not names:
            return judgement
        shown = ", ".join(f"`{name}`" for name in names)
        reason = f"{tool.name} {sink}, text of strangers was read, and {shown} may hold their words"
        return Judgement(Verdict("ask", reason), advice="--allow all")

    def _leak(self, tool: Tool, call: ToolCall, maker: ToolCall | None) -> str | None:
        """What private text the call would send to the outside in a query or an address, which nobody proofreads."""
        if "egress" not in tool.capabilities:
            return None
        written = maker is not None and "executes" in self._turn.toolbox[maker.name].capabilities
        program = "\n".join(wording.texts(maker.arguments)) if maker and written else None
        asks = "ingests_untrusted" in tool.capabilities and "executes" not in tool.capabilities
        for name, value in call.arguments.items():
            if is_offered(tool, name, value):
                continue
            for text in wording.texts(value):
                if name not in _QUERIES and self._provenance.has_found(text):
                    continue
                piece = self._privacy.in_text(text, program, asks=asks or name in _QUERIES)
                if piece is not None:
                    return f"`{name}` may hold private text ({piece})"
        return None

    def _unapproved(self, call: ToolCall, judgement: Judgement) -> ToolResult:
        self._turn.emit(ApprovalGiven(call.id, False, "nobody to ask"))
        reason = judgement.verdict.reason
        if judgement.alone:
            return ToolResult(call.id, "denied", f"denied: {reason}; do without it.")
        raise NeedsApproval(
            f"{call.name} needs an approval ({reason}) and nobody can be asked; "
            f"allow it in advance with {judgement.advice}."
        )

    def _heeded(self, decision: Decision, tool: Tool, call: ToolCall) -> ToolCall | ToolResult:
        """What a person's decision makes of the call; what they forbade before holds for arguments of theirs too."""
        given = None if decision.arguments is None else dict(decision.arguments)
        self._turn.emit(ApprovalGiven(call.id, decision.allowed, decision.reason, given, decision.grant))
        if decision.grant is not None:
            self._policy.grant(decision.grant)
            if decision.keep and (problem := project_policy.keep(self._workspace, decision.grant)):
                self._turn.emit(Notice(problem))
        if not decision.allowed:
            return ToolResult(call.id, "denied", f"denied by the user: {decision.reason or 'not wanted'}")
        if given is None or given == call.arguments:
            return call
        changed = replace(call, arguments=given)
        verdict = self._policy.judge(tool, changed, self._workspace)
        if verdict.answer == "deny":
            return ToolResult(call.id, "denied", f"denied: {verdict.reason}.")
        return changed
