import pytest
from agentx_memory.retrieval.fusion import FUSION_RANK, added, fused


def test_one_ranking_stays_as_it_is():
    ranking = [("a", 0.2), ("b", 0.1), ("c", -0.4)]
    assert added([ranking], 4) == ranking


def test_a_good_fit_to_one_part_outweighs_many_poor_fits():
    parts = [[("good", 0.9), ("vague", 0.4)], [("vague", 0.4)], [("vague", 0.4)]]
    assert [id for id, _ in added(parts, 4)] == ["good", "vague"]
    assert [id for id, _ in added(parts, 1)] == ["vague", "good"]


def test_what_is_unlike_a_part_does_not_count_for_it():
    assert dict(added([[("a", -0.9)], [("a", -0.9), ("b", 0.1)]], 4)) == {"a": 0.0, "b": pytest.approx(1e-4)}


def test_ranks_are_fused_and_told():
    found = fused({"dense": [("a", 0.9), ("b", 0.8)], "lexical": [("c", 9.0), ("b", 8.0)]})
    assert found[0].id == "b"
    assert found[0].score == pytest.approx(2 / (FUSION_RANK + 2))
    assert found[0].ranks == {"dense": 2, "lexical": 2}
    assert {one.id: dict(one.ranks) for one in found[1:]} == {"a": {"dense": 1}, "c": {"lexical": 1}}


def test_nothing_fuses_to_nothing():
    assert fused({"dense": [], "lexical": []}) == []
    assert added([[], []], 2) == []
