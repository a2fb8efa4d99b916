import io
import json

from agentx.models.progress import Bar, JsonLines, Lines, closing, megabytes, narrator


def test_lines_stay_few_however_often_it_advances():
    out = io.StringIO()
    lines = Lines(out)
    lines.start("fetching m.gguf", 1000)
    for _ in range(1000):
        lines.advance(1)
    lines.finish()
    assert out.getvalue().splitlines() == ["fetching m.gguf (1 kB)"]


def test_json_is_one_object_a_line_and_ends_with_what_was_done():
    out = io.StringIO()
    lines = JsonLines(out)
    lines.start("fetching", 10)
    for _ in range(10):
        lines.advance(1)
    lines.note("half")
    lines.finish()
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["event"] for row in rows] == ["start", "advance", "note", "finish"]
    assert rows[-1] == {"event": "finish", "done_bytes": 10, "total_bytes": 10}


def test_off_a_terminal_no_escape_sequence_is_written(capsys):
    with narrator() as sink:
        sink.start("fetching [bold]m[/bold]", 100)
        sink.advance(100)
        sink.note("done")
    written = capsys.readouterr()
    assert written.out == "" and "\x1b" not in written.err
    assert written.err.splitlines() == ["fetching [bold]m[/bold] (0 kB)", "done"]


def test_a_bar_takes_brackets_in_a_name_as_text(capsys):
    with closing(Bar()) as sink:
        sink.start("fetching [/x] m.gguf", 100)
        sink.advance(50)
        sink.note("a [/note]")
    assert "fetching [/x] m.gguf" in capsys.readouterr().err


def test_sizes_read_well():
    assert [megabytes(n) for n in (466_247, 22_928_619, 1_117_320_768)] == ["466 kB", "22.9 MB", "1.12 GB"]
