from agentx_memory.loading import Told


def test_a_download_is_told_of_at_its_beginning_and_at_each_tenth():
    said = []
    sink = Told(said.append)
    sink.start("fetching minilm", 100)
    for _ in range(25):
        sink.advance(1)
    sink.note("a mirror does not answer")
    sink.finish()
    assert said == ["fetching minilm", "fetching minilm, 10 %", "fetching minilm, 20 %", "a mirror does not answer"]
