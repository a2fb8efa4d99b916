import os

import pytest

from benchmarks.safety import escapes
from benchmarks.safety.probes import PROBES


def got_out(outcomes):
    return {outcome.probe: outcome.why for outcome in outcomes if outcome.why}


@pytest.mark.parametrize("level", [1, 2])
def test_no_probe_gets_out(level):
    outcomes = escapes.run(level)
    assert len(outcomes) >= 130
    assert got_out(outcomes) == {}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run them as somebody else")
@pytest.mark.parametrize("level", [1, 2])
def test_no_probe_gets_out_as_nobody(level):
    outcomes = escapes.run_as_nobody(level)
    assert len(outcomes) >= 130
    assert got_out(outcomes) == {}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can run them as somebody else")
def test_without_walls_the_same_probes_get_out():
    names = ["read_outside", "environment", "signal_to_victim", "tcp", "daemon", "chmod", "other_abi", "hooks"]
    outcomes = escapes.run_as_nobody(None, names)
    assert list(got_out(outcomes)) == [outcome.probe for outcome in outcomes] and len(outcomes) == len(names)


def test_root_does_not_run_them_without_walls():
    if os.getuid() == 0:
        with pytest.raises(RuntimeError, match="would harm this machine"):
            escapes.run(None)


def test_each_probe_has_a_name_of_its_own():
    assert len({probe.name for probe in PROBES}) == len(PROBES) >= 40
