import pytest
from agentx_memory.ingest import page_document

from tests.memory.ingest.files_to_read import docx
from tests.tools.pdfs import pdf

PYTHON = '''\
"""Boats."""

import os

LIMIT = 3


# A boat floats.
# Mostly.
class Boat:
    """Floats."""

    size = 1

    @property
    def name(self) -> str:
        def inner():
            return 1

        return "boat"

    async def sail(self):
        pass


def moor(boat):
    return boat
'''
OTHERS = {
    "a.js": ("class Boat {\n  sail(a) { return 1; }\n}\nexport function moor() {}\nconst go = () => 2;\n",
             {"Boat", "Boat.sail", "moor", "go"}),
    "a.ts": ("export interface Boat { name: string }\nexport class Ship<T> {\n  sail(): void {}\n}\nenum E { A }\n",
             {"Boat", "Ship", "Ship.sail", "E"}),
    "a.tsx": ("export const App = () => <p>boat</p>;\nfunction Deck() { return <p/>; }\n", {"App", "Deck"}),
    "A.java": ("package a;\npublic class Boat {\n  int size;\n  Boat() { }\n  void sail() { }\n}\n",
               {"Boat", "Boat.Boat", "Boat.sail"}),
    "a.go": ("package a\n\ntype Boat struct { n int }\n\nfunc (b *Boat) Sail() int { return 1 }\n\nfunc Moor() {}\n",
             {"Boat", "Boat.Sail", "Moor"}),
    "a.rs": ("struct Boat { n: i32 }\n\nimpl Boat {\n    fn sail(&self) -> i32 { 1 }\n}\n\nfn moor() {}\n",
             {"Boat", "Boat.sail", "moor"}),
    "a.c": ("struct boat { int n; };\nstatic int *sail(struct boat *b) { return 0; }\n", {"boat", "sail"}),
    "a.cpp": ("namespace sea {\nclass Boat {\n  void sail() { }\n};\nint &Boat::size() { return n; }\n}\n",
              {"sea", "sea.Boat", "sea.Boat.sail", "sea.Boat.size"}),
}  # fmt: skip


def of(document):
    return [(chunk.heading, chunk.text, chunk.first_line) for chunk in document.chunks]


@pytest.fixture
def one(ingest, tmp_path):
    def read(name, content, **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        found, skipped = ingest(tmp_path / name, **options)
        assert not skipped
        return found[name]

    return read


def test_markdown_keeps_its_headings_and_lines(one):
    text = "# Boats\n\nThey float.\n\n## Sails #\n\nA `jib`.\n\n```\n# no heading\n```\n\nOars\n----\nTwo.\n# Cars\n"
    text += "## Old\n"
    document = one("a.md", text)
    assert document.kind == "markdown"
    assert document.title == "Boats"
    assert of(document) == [
        (("Boats",), "They float.", 3),
        (("Boats", "Sails"), "A `jib`.\n\n```\n# no heading\n```", 7),
        (("Boats", "Oars"), "Two.", 15),
        (("Cars",), "## Old", 17),
    ]


def test_markdown_reads_its_front_matter_as_text_and_takes_the_title_of_it(one):
    document = one("a.md", '---\ntitle: "On boats"\n---\n# Boats\nThey *float*.\n## `code` and [links](x)\ny\n')
    assert document.title == "On boats"
    assert of(document)[1:] == [(("Boats",), "They *float*.", 5), (("Boats", "code and links"), "y", 7)]


def test_a_page_keeps_title_and_headings_and_loses_its_menu(one):
    words = "The boat lies in the harbour of Flensburg and waits for the spring to come. "
    page = f"""<html><head><meta charset=iso-8859-1><title>Sea</title></head><body><nav>Menu</nav><article>
<h1>Boats</h1><p>{words * 3}</p><h2>Säils</h2><p>{words * 3}</p></article><script>var x</script></body></html>"""
    document = one("a.html", page.encode("latin-1"))
    assert document.kind == "html"
    assert document.title == "Boats"
    assert {chunk.heading for chunk in document.chunks} >= {("Boats",), ("Boats", "Säils")}
    assert "var x" not in " ".join(chunk.text for chunk in document.chunks)
    assert document.chunks[0].first_line is None


def test_a_page_is_known_by_its_beginning_too(one):
    assert one("saved", "<!DOCTYPE html><html><body><p>The boat lies in the harbour.</p></body></html>").kind == "html"


def test_a_text_about_pdfs_is_none(one):
    assert one("pdfs.md", b"# Formats\n\nA PDF begins with %PDF-1.7.\n").kind == "markdown"
    assert one("a.pdf", b"junk\n" + pdf("The boat.")).kind == "pdf"
    assert one("a", pdf("The boat.")).kind == "pdf"


def test_a_pdf_gives_the_number_of_the_page(one):
    document = one("a.pdf", pdf("The boat.", "", "The harbour.", title="Sea"))
    assert (document.kind, document.title) == ("pdf", "Sea")
    assert [(chunk.text, chunk.page, chunk.first_line) for chunk in document.chunks] == [
        ("The boat.", 1, None),
        ("The harbour.", 3, None),
    ]


def test_a_word_document_gives_headings_and_tables(one):
    def build(document):
        document.core_properties.title = "Sea"
        document.add_heading("Boats", 1)
        document.add_paragraph("They float.")
        document.add_heading("Sails", 2)
        table = document.add_table(2, 2)
        for cell, text in zip((cell for row in table.rows for cell in row.cells), "abcd", strict=True):
            cell.text = text
        table.rows[0].cells[0].merge(table.rows[0].cells[1]).text = "all"

    document = one("a.docx", docx(build))
    assert (document.kind, document.title) == ("docx", "Sea")
    assert of(document) == [(("Boats",), "They float.", None), (("Boats", "Sails"), "all\nc | d", None)]


def test_python_code_is_named_by_its_definitions(one, splitter):
    document = one("a.py", PYTHON, embedder=splitter(100))
    assert document.kind == "code"
    assert [(chunk.heading, chunk.first_line, chunk.last_line) for chunk in document.chunks] == [
        ((), 1, 5),
        (("Boat",), 8, 13),
        (("Boat.name",), 15, 20),
        (("Boat.sail",), 22, 23),
        (("moor",), 26, 27),
    ]
    assert document.chunks[2].text.startswith("    @property\n    def name")


@pytest.mark.parametrize("name", OTHERS)
def test_other_languages_are_named_by_their_definitions(one, name):
    text, expected = OTHERS[name]
    assert {chunk.heading[0] for chunk in one(name, text).chunks if chunk.heading} == expected


def test_code_in_another_language_is_text(one):
    document = one("a.lua", "function boat()\nend\n")
    assert (document.kind, of(document)) == ("code", [((), "function boat()\nend", 1)])


def test_code_that_does_not_parse_loses_nothing(one, splitter):
    text = "def boat(:\n  return ((((\nclass\n" * 20
    document = one("a.py", text, embedder=splitter(100))
    assert "".join("".join(chunk.text for chunk in document.chunks).split()) == "".join(text.split())


def test_a_row_of_a_table_has_the_names_of_its_columns_and_its_line(one, splitter):
    text = ',name,harbour\n1,Aurora,"Kiel, old"\n\n2,"Bella\nDonna",Bergen\n3,Carla,\n'
    document = one("a.csv", text, embedder=splitter(100))
    assert document.kind == "csv"
    assert [(chunk.text, chunk.first_line, chunk.last_line) for chunk in document.chunks] == [
        ("1; name: Aurora; harbour: Kiel, old", 2, 2),
        ("2; name: Bella Donna; harbour: Bergen", 4, 5),
        ("3; name: Carla", 6, 6),
    ]


@pytest.mark.parametrize(("name", "text"), [("a.tsv", "x\ty\na\tb, c\n"), ("a.csv", "x;y\na;b, c\n")])
def test_other_separators_of_columns_are_found(one, name, text):
    assert of(one(name, text)) == [((), "x: a; y: b, c", 2)]


def test_a_table_without_names_gives_its_values(one):
    assert of(one("a.csv", "1,Kiel\n2,Bergen\n")) == [((), "1; Kiel\n2; Bergen", 1)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"])
def test_text_is_read_in_its_encoding(one, codec):
    text = "Die Größe der Boote überrascht jeden, der sie zum ersten Mal sieht.\nSchöne Grüße aus Köln!\n" * 3
    assert (
        "".join(chunk.text for chunk in one("a.txt", text.encode(codec)).chunks)
        .replace("\n", "")
        .startswith("Die Größe der Boote überrascht jeden")
    )


def test_ends_of_lines_of_other_systems_count_once(one):
    document = one("a.txt", b"boat\r\n\r\nsail\roar\n")
    assert [(chunk.text, chunk.first_line, chunk.last_line) for chunk in document.chunks] == [
        ("boat\n\nsail\noar", 1, 4)
    ]


def test_a_page_that_was_fetched_is_the_document_of_strangers(splitter):
    document = page_document("https://example.org/a", "# Boats\n\nThey float.\n", embedder=splitter())
    assert document is not None
    assert (document.source, document.title, document.untrusted) == ("https://example.org/a", "Boats", True)
    assert of(document) == [(("Boats",), "They float.", None)]
    assert page_document("https://example.org/a", " \n", embedder=splitter()) is None
