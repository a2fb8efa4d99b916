import asyncio

import pytest

from benchmarks.safety import fetches
from benchmarks.safety.fetch_forms import Form


@pytest.fixture(scope="module")
def world():
    with fetches.world() as made:
        yield made


def test_no_form_connects_to_a_private_address(world):
    outcomes = asyncio.run(fetches.run(world))
    assert len(outcomes) >= 200
    assert [(outcome.form, outcome.reached) for outcome in outcomes if outcome.reached] == []
    assert not any(fetches.SECRET in outcome.said for outcome in outcomes)


def test_without_the_guard_most_of_the_same_forms_connect(world):
    outcomes = asyncio.run(fetches.run(world, guarded=False))
    reached = [outcome for outcome in outcomes if outcome.reached]
    assert len(reached) >= 300
    assert any(fetches.SECRET in outcome.said for outcome in reached)
    kinds = {outcome.form.kind for outcome in reached}
    assert {"spelling of IPv4", "IPv6, mapped", "name", "rebinding", "diverted", "redirect", "trick"} <= kinds


def test_what_the_user_allowed_is_reached_over_the_same_network(world):
    world.requests.clear()
    assert fetches.SECRET in asyncio.run(fetches.control(world))
    assert world.requests == ["/"]


def test_each_form_is_another(world):
    assert len({(form.url, form.location, form.how, str(form.names)) for form in world.forms}) == len(world.forms)
    assert all(isinstance(form, Form) for form in world.forms)


def test_a_bomb_costs_little_time_and_memory():
    cost = min((fetches.bomb() for _ in range(3)), key=lambda cost: cost["seconds"])
    assert cost["said"].endswith("is larger than 5 MiB, too large to fetch.")
    assert cost["packed_bytes"] < 160_000
    assert cost["seconds"] <= 1
    assert cost["mib"] <= 50
