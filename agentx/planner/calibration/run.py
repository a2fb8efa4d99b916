"""Calibrates a model: asks it every case of a probe and chooses the threshold."""

from agentx.model import Model
from agentx.planner.calibration.cases import answered, cases
from agentx.planner.calibration.choice import Row, measured
from agentx.planner.probes import Probe


async def measure(model: Model, probe: Probe) -> Row:
    """How well the model answers the probe, and its threshold; see `stored.keep`."""
    yes: list[float] = []
    no: list[float] = []
    for case in cases(probe):
        verdict = await answered(model, probe, case)
        (yes if case.yes else no).append(verdict.probability)
    return measured(probe, yes, no)
