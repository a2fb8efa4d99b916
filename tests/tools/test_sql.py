import asyncio
import codecs
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from agentx_tools import sql as module
from agentx_tools import tables, workspace
from agentx_tools.sandbox.walls import Level
from agentx_tools.sql import sql
from agentx_tools.workspace import files_below

from agentx.errors import ToolError
from agentx.tool import ToolContext

ORDERS = "id,customer,total,day\n1,Ann,10.5,2024-01-02\n2,Bob,0.1,2024-01-05\n3,Ann,0.2,2024-02-01\n"


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "work"
    inside.mkdir()
    (inside / "orders.csv").write_text(ORDERS)
    return inside


def ask(folder, query):
    return asyncio.run(sql.function(context=ToolContext(workspace=folder), query=query))


def refused(folder, query):
    with pytest.raises(ToolError) as raised:
        ask(folder, query)
    assert raised.value.argument == "query"
    return str(raised.value)


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def all_tables(folder):
    place = tables.Place(folder.resolve(), ())
    return tables.table_files(place, files_below(place).paths)


def database(path, *statements):
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    return connection


def test_rows_come_with_their_columns_and_their_count(folder):
    query = "SELECT customer, sum(total) AS total, min(day) AS first FROM orders GROUP BY customer ORDER BY customer"
    assert ask(folder, query) == ("customer | total | first\nAnn | 10.7 | 2024-01-02\nBob | 0.1 | 2024-01-05\n(2 rows)")
    assert ask(folder, "SELECT id FROM orders WHERE total > 100;") == "id\n(0 rows)"
    assert ask(folder, "WITH a AS (SELECT 1 AS x) SELECT x, NULL AS y FROM a") == "x | y\n1 | NULL\n(1 row)"


def test_files_that_were_not_looked_for_are_told_of(folder, monkeypatch):
    monkeypatch.setattr("agentx_tools.workspace.MAX_WALKED_FILES", 2)
    for name in "abc":
        (folder / f"{name}.csv").write_text("x\n1\n")
    note = "(only the first 2 files were looked at; quote the path of another)"
    assert ask(folder, "SHOW TABLES").endswith(f"\n{note}")
    assert ask(folder, "SELECT count(*) AS n FROM 'orders.csv'") == f"n\n3\n(1 row)\n{note}"
    assert refused(folder, "SELECT * FROM nowhere").endswith(note)


def test_files_of_each_kind_are_tables_and_can_be_joined(folder):
    (folder / "ages.tsv").write_text("name\tage\nAnn\t30\nBob\t40\n")
    (folder / "cities.jsonl").write_text('{"name": "Ann", "city": "Köln"}\n')
    (folder / "flags.json").write_text('[{"name": "Ann", "ok": true}]')
    duckdb.sql("SELECT 'Ann' AS name, 7 AS points").write_parquet(str(folder / "points.parquet"))
    database(
        folder / "shop.db", "CREATE TABLE notes (name TEXT, note)", "INSERT INTO notes VALUES ('Ann', 'x')"
    ).close()
    query = (
        "SELECT DISTINCT customer, age, city, ok, points, note FROM orders o JOIN ages a ON a.name = customer "
        "JOIN cities c USING (name) JOIN flags f USING (name) JOIN points p USING (name) JOIN notes n USING (name)"
    )
    assert ask(folder, query).splitlines()[1] == "Ann | 30 | Köln | True | 7 | x"


def test_a_table_is_called_by_its_file_and_told_apart_by_its_folder(folder):
    for path in ("north/2024-sales.csv", "south/2024-sales.csv", "north/more data.csv"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(f"place\n{path}\n")
    names = [file.name for file in all_tables(folder)]
    assert names == ["t_2024_sales", "more_data", "orders", "south_2024_sales"]
    assert "south/2024-sales.csv" in ask(folder, "SELECT * FROM south_2024_sales")
    assert "south/2024-sales.csv" in ask(folder, "SELECT * FROM 'south/2024-sales.csv'")
    assert "north/more data.csv" in ask(folder, 'SELECT * FROM "more data"')


def test_the_tables_are_listed_with_their_columns(folder):
    database(folder / "shop.db", "CREATE TABLE notes (name TEXT, note)").close()
    (folder / "empty.csv").touch()
    duckdb.sql("SELECT 1 AS x").write_parquet(str(folder / "points.parquet"))
    expected = (
        "The tables are:\nempty (empty.csv)\norders (orders.csv): id BIGINT, customer VARCHAR, total DOUBLE, day DATE\n"
        "points (points.parquet)\nnotes (shop.db): name, note"
    )
    assert ask(folder, "show tables;") == ask(folder, "SELECT table_name FROM information_schema.tables") == expected
    missing = refused(folder, "SELECT * FROM order_lines")
    assert missing == f"Table with name order_lines does not exist! {expected}"
    assert refused(folder, "SELECT price FROM orders").startswith('Referenced column "price" not found in FROM clause!')


def test_an_empty_workspace_has_no_tables(tmp_path):
    assert ask(tmp_path, "SHOW TABLES") == "There are no tables in the workspace."
    assert ask(tmp_path, "SELECT 6 * 7 AS answer") == "answer\n42\n(1 row)"


@pytest.mark.parametrize(
    "data",
    ["name\ngröße\n".encode("cp1252"), codecs.BOM_UTF8 + "name\ngröße\n".encode(), "name\ngröße\n".encode("utf-16")],
)
def test_text_of_other_encodings_is_read(folder, data):
    (folder / "a.csv").write_bytes(data)
    assert ask(folder, "SELECT name FROM a") == "name\ngröße\n(1 row)"


def test_a_database_that_is_in_use_is_read_with_what_is_not_yet_in_its_file(folder):
    writer = database(
        folder / "live.sqlite", "PRAGMA journal_mode = WAL", "CREATE TABLE t (n INTEGER, s TEXT, b BLOB, e)",
        "INSERT INTO t VALUES (1, '007', x'00ff', NULL), (2, '2024-05-01', NULL, 1e999)",
    )  # fmt: skip
    before = everything(folder)
    assert ask(folder, "SELECT * FROM t ORDER BY n") == (
        "n | s | b | e\n1 | 007 | (2 bytes) | NULL\n2 | 2024-05-01 | NULL | NULL\n(2 rows)"
    )
    assert everything(folder) == before
    writer.close()


def test_tables_of_one_name_in_two_databases_are_told_apart(folder):
    for name in ("a", "b"):
        database(folder / f"{name}.db", "CREATE TABLE t (x)", f"INSERT INTO t VALUES ('{name}')").close()
    assert ask(folder, "SELECT t.x, b_t.x AS y FROM t, b_t") == "x | y\na | b\n(1 row)"
    database(folder / "c.db", "CREATE TABLE bare (x, y)").close()
    assert ask(folder, "SELECT count(*) AS n FROM bare") == "n\n0\n(1 row)"


def test_a_name_means_the_same_table_whatever_else_the_query_says(folder):
    for name in ("north", "south"):
        database(folder / f"{name}.db", "CREATE TABLE sales (x)", f"INSERT INTO sales VALUES ('{name}')").close()
    told = "(sales is the table of north.db; that of south.db is south_sales)"
    assert ask(folder, "SELECT x FROM sales") == f"x\nnorth\n(1 row)\n{told}"
    assert ask(folder, "SELECT x FROM sales WHERE x <> 'south'") == f"x\nnorth\n(1 row)\n{told}"
    both = "SELECT n.x, s.x AS y FROM north_sales n, south_sales s"
    assert ask(folder, both) == "x | y\nnorth | south\n(1 row)"
    missing = refused(folder, "SELECT x FROM south.sales")
    assert "\nsales (north.db): x VARCHAR\n" in missing and "\nsouth_sales (south.db): x\n" in missing
    assert missing.endswith(told.strip("()"))


def test_a_table_of_a_file_and_one_of_a_database_are_told_apart(folder):
    database(folder / "app.db", "CREATE TABLE orders (x)", "INSERT INTO orders VALUES ('of app')").close()
    assert ask(folder, "SELECT x FROM app_orders") == "x\nof app\n(1 row)"
    told = "(orders is the table of orders.csv; that of app.db is app_orders)"
    assert ask(folder, "SELECT count(*) AS n FROM orders") == f"n\n3\n(1 row)\n{told}"
    assert ask(folder, "SHOW TABLES").startswith("The tables are:\napp_orders (app.db): x\norders (orders.csv): id ")


def test_no_name_of_one_table_hides_another_of_its_database(folder):
    rows = [f"INSERT INTO {table} VALUES ('{table}')" for table in ("t", "a_t")]
    database(folder / "a.db", "CREATE TABLE t (x)", "CREATE TABLE a_t (x)", *rows).close()
    query = "SELECT t.x, a_t.x AS y, more.x AS z FROM t, a_t, a_t_2 more"
    assert ask(folder, query) == "x | y | z\nt | a_t | t\n(1 row)"


def test_a_file_that_cannot_be_read_leaves_the_others_be(folder):
    database(folder / "shop.db", "CREATE TABLE notes (x)").close()
    (folder / "shop.db-wal" / "x").mkdir(parents=True)
    (folder / "day.csv").write_bytes(b"\0" * 300)
    assert ask(folder, "SELECT day FROM orders WHERE id = 1") == "day\n2024-01-02\n(1 row)"
    missing = refused(folder, "SELECT * FROM notes")
    assert missing.startswith("Table with name notes does not exist! The tables are:\n")
    assert missing.endswith("\n`shop.db-wal` is a folder, not a file.")
    assert "`day.csv` is not a text file" in refused(folder, "SELECT * FROM day")


def test_a_journal_that_goes_while_it_is_looked_at_is_none(folder, monkeypatch):
    database(folder / "live.db", "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)").close()
    journal = folder / "live.db-journal"
    journal.write_bytes(b"x")
    status = workspace.status

    def gone(place):
        found = status(place)
        if str(place) == journal.name:
            journal.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(workspace, "status", gone)
    assert ask(folder, "SELECT n FROM t") == "n\n1\n(1 row)"
    assert not journal.exists()


def test_a_database_that_is_too_large_is_told_of(folder, monkeypatch):
    database(folder / "shop.db", "CREATE TABLE users (x)").close()
    monkeypatch.setattr(tables, "MAX_BYTES", 1_000)
    told = "`shop.db` is too large for this tool, which takes 0 MiB in all; read it with a program."
    assert refused(folder, "SELECT * FROM users").endswith(f"\n{told}")
    listed = ask(folder, "SHOW TABLES")
    assert listed.endswith(f"\n{told}") and "shop (shop.db)" not in listed
    assert ask(folder, "SELECT count(*) AS n FROM orders") == "n\n3\n(1 row)"


def test_a_name_that_a_database_too_large_may_have_is_told_of(folder, monkeypatch):
    for name in ("a", "z"):
        database(folder / f"{name}.db", "CREATE TABLE t (x)", f"INSERT INTO t VALUES ('{name}')").close()
    monkeypatch.setattr(tables, "MAX_BYTES", (folder / "a.db").stat().st_size * 3 // 2)
    told = "(`a.db` is too large for this tool, which takes 0 MiB in all; read it with a program.)"
    assert ask(folder, "SELECT x FROM t WHERE x = 'z'") == f"x\nz\n(1 row)\n{told}"


def test_a_name_that_a_damaged_database_may_have_is_told_of(folder):
    (folder / "a.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 4)
    database(folder / "z.db", "CREATE TABLE t (x)", "INSERT INTO t VALUES ('z')").close()
    assert ask(folder, "SELECT x FROM t").startswith("x\nz\n(1 row)\n(a.db cannot be read as a table: ")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "INSERT INTO orders VALUES (4, 'x', 1, '2024-01-01')",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE orders",
        "COPY orders TO 'orders.csv'",
        "COPY (SELECT 1) TO '/tmp/agentx-sql-test'",
        "ATTACH 'new.db'",
        "EXPORT DATABASE 'out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_profiling",
        "CALL pragma_version()",
        "SELECT 1; DELETE FROM orders",
        "",
        "SELEC 1",
    ],
)
@pytest.mark.parametrize("levels", [module._LEVELS, module._LEVELS[1:], (Level.NONE,)])
def test_whatever_does_not_only_read_is_refused(folder, monkeypatch, query, levels):
    monkeypatch.setattr(module, "_LEVELS", levels)
    before = everything(folder)
    assert len(refused(folder, query).splitlines()) == 1
    assert everything(folder) == before
    assert not Path("/tmp/agentx-sql-test").exists()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM '{}/secret.csv'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('{}/secret.csv')",
        "SELECT * FROM query('FROM read_text(''{}/secret.csv'')')",
        "FROM glob('/etc/*')",
        "FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read' || '_blob(''{}/secret.csv'')'))",
        "SELECT * FROM secret",
        "SELECT * FROM files",
    ],
)
@pytest.mark.parametrize("levels", [module._LEVELS, module._LEVELS[1:], (Level.NONE,)])
def test_no_file_outside_the_workspace_is_read(folder, monkeypatch, query, levels):
    monkeypatch.setattr(module, "_LEVELS", levels)
    outside = folder.parent / "secret.csv"
    outside.write_text("word\nhidden\n")
    (folder / "secret.csv").symlink_to(outside)
    files = ["a"]  # a variable of Python, which DuckDB would find by its name
    assert "hidden" not in refused(folder, query.format(folder.parent)) and files


def test_a_file_that_is_no_table_is_told_of(folder):
    (folder / "bad.parquet").write_bytes(b"PAR1 and nothing more")
    (folder / "bad.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    (folder / "no.db").write_bytes(b"something else")
    (folder / "bad.json").write_text("{")
    told = refused(folder, "SELECT * FROM bad, 'bad.json', 'bad.parquet'")
    assert "bad.parquet cannot be read as a table: " in told
    assert "bad.db cannot be read as a table: " in told
    assert "bad.json cannot be read as a table: " in told
    assert len(ask(folder, "SELECT id FROM orders").splitlines()) == 5


def test_an_untidy_csv_is_read_as_text_and_said_so(folder):
    (folder / "untidy.csv").write_text('a,b\n1,2\n"broken, 3\n4,5,6,7\n8,9\n')
    assert ask(folder, "SELECT a, b FROM untidy") == (
        'a | b\n1 | 2\n"broken | 3\n4 | 5\n8 | 9\n(4 rows)\n'
        "(untidy.csv is no clean CSV: read as text, cells that do not fit left out)"
    )
    assert "clean" not in ask(folder, "SELECT id FROM orders")
    (folder / "one.csv").write_text('"name, in full"\n"Ann, Lee"\n')
    assert ask(folder, "SELECT * FROM one") == "name, in full\nAnn, Lee\n(1 row)"


def test_what_is_long_is_cut_and_said_so(folder):
    (folder / "long.csv").write_text("n,s\n" + "".join(f"{number},{'x' * 300}\n" for number in range(200)))
    rows = ask(folder, "SELECT n FROM long").splitlines()
    assert len(rows) == 52
    assert rows[-1] == "(the first 50 rows; there are more: filter, aggregate or use LIMIT and OFFSET)"
    wide = ask(folder, "SELECT * FROM long")
    assert len(wide) < 5_500 and "xxx…" in wide and wide.endswith("use LIMIT and OFFSET)")
    assert ask(folder, "SELECT 'a' || chr(10) || 'b' AS s").splitlines()[1] == "a b"


def test_files_too_large_together_are_refused(folder, monkeypatch):
    monkeypatch.setattr(tables, "MAX_BYTES", 100)
    (folder / "more.csv").write_text(ORDERS)
    assert "`orders.csv` is too large for this tool" in refused(folder, "SELECT * FROM more, orders")


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range * b.range % 7 = 3", "time"),
        ("SELECT length(repeat('x', 2000000000))", "(time|memory)"),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t", "(time|memory)"),
    ],
)
def test_a_query_without_an_end_is_ended(folder, monkeypatch, query, what):
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, timeout_s=2.0))
    started = time.monotonic()
    with pytest.raises(ToolError, match=rf"The query (takes too much|needs more) {what}"):
        ask(folder, query)
    assert time.monotonic() - started < 10
    assert len(ask(folder, "SELECT id FROM orders").splitlines()) == 5


def test_a_database_without_an_end_is_ended(folder, monkeypatch):
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t"
    database(folder / "a.db", f"CREATE VIEW endless AS {endless}").close()
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, timeout_s=2.0))
    assert "The query takes too much " in refused(folder, "SELECT * FROM endless")


def test_ignored_files_are_tables_only_where_their_paths_are_quoted(folder):
    (folder / ".gitignore").write_text("orders.csv\n")
    assert ask(folder, "SHOW TABLES") == "There are no tables in the workspace."
    assert ask(folder, "SELECT count(*) AS n FROM './orders.csv'") == "n\n3\n(1 row)"
    assert ask(folder, f"SELECT count(*) AS n FROM '{folder}/orders.csv'") == "n\n3\n(1 row)"
    assert ask(folder, "SELECT '../x.csv' AS s, 'none.csv' AS t") == "s | t\n../x.csv | none.csv\n(1 row)"


def test_no_row_of_a_ragged_csv_is_dropped_unsaid(folder):
    rows = "".join(f"{number},{number}\n" for number in range(50))
    (folder / "lastwide.csv").write_text(f'id,n\n{rows}50,b,"note, x",y\n')
    answer = ask(folder, "SELECT count(id) AS count, max(id::INT) AS last FROM lastwide")
    assert answer.startswith("count | last\n51 | 50\n(1 row)\n(lastwide.csv is no clean CSV: ")
    (folder / "report.csv").write_text(f"Report of 2024\n\nid,n\n{rows}")
    answer = ask(folder, "SELECT count(id) AS count FROM report")
    assert answer == "count\n50\n(1 row)\n(report.csv: its first 2 lines are no part of the table)"
    assert "its first 2 lines are" in refused(folder, "SELECT nothing FROM report")
    (folder / "blank.csv").write_text(f"\n\nid,n\n{rows}")
    assert ask(folder, "SELECT count(id) AS count FROM blank") == "count\n50\n(1 row)"


def test_a_plain_name_means_the_plainest_file(folder):
    (folder / "archive").mkdir()
    for path in ("archive/orders.csv", "a-b.csv", "a_b.csv"):
        (folder / path).write_text(f"place\n{path}\n")
    assert ask(folder, "SELECT count(customer) AS n FROM orders") == "n\n3\n(1 row)"
    assert "archive/orders.csv" in ask(folder, "SELECT * FROM archive_orders")
    assert "a_b.csv" in ask(folder, "SELECT * FROM a_b")
    assert "a-b.csv" in ask(folder, 'SELECT * FROM "a-b"')
    assert "a-b.csv" in ask(folder, "SELECT * FROM 'a-b.csv'")


def test_names_that_differ_in_case_alone_never_mean_the_other_file(folder):
    (folder / "old").mkdir()
    (folder / "old" / "ORDERS.tsv").write_text("place\nold\n")
    assert ask(folder, 'SELECT count(customer) AS n FROM "ORDERS"') == "n\n3\n(1 row)"
    assert "old" in ask(folder, "SELECT place FROM 'old/ORDERS.tsv'")
    assert all("ORDERS" not in file.aliases for file in all_tables(folder))


def test_a_hostile_database_leaves_the_other_tables_be(folder, monkeypatch):
    endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) AS top FROM t"
    nested = [f"CREATE VIEW v{depth + 1} AS SELECT x.a FROM v{depth} x, v{depth} y" for depth in range(40)]
    database(
        folder / "a.db",
        f"CREATE VIEW endless AS {endless}",
        "CREATE VIEW broken AS SELECT * FROM none",
        "CREATE TABLE good (a, b AS (a + 1))",
        "INSERT INTO good VALUES (1)",
        "CREATE VIEW v0 AS SELECT a FROM good",
        *nested,
    ).close()
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, timeout_s=10.0))
    assert ask(folder, "SELECT count(*) AS n FROM orders") == "n\n3\n(1 row)"
    listed = ask(folder, "SHOW TABLES")
    assert "endless (a.db): top\n" in listed and "good (a.db): a, b\n" in listed
    assert "broken (a.db) cannot be read as a table: no such table: main.none." in listed
    assert ask(folder, "SELECT * FROM good") == "a | b\n1 | 2\n(1 row)"


def test_of_many_files_those_that_are_named_come_first(folder):
    for number in range(100, 241):
        (folder / f"t{number}.csv").write_text(f"n\n{number}\n")
    assert ask(folder, "SELECT t240.n, t100.n AS m FROM t240, t100") == "n | m\n240 | 100\n(1 row)"
    missing = refused(folder, "SELECT * FROM nothing")
    assert "\nand 70 more\nand 42 files that are not looked at: name one as 't240.csv'" in missing
    assert ask(folder, "SELECT n FROM 't240.csv'") == "n\n240\n(1 row)"


def test_a_wide_table_shows_one_row(folder):
    names = [f"c{number}" for number in range(100)]
    row = ",".join(["x" * 150] * 100)
    (folder / "wide.csv").write_text(f"{','.join(names)}\n{row}\n{row}\n")
    head, first, end = ask(folder, "SELECT * FROM wide").splitlines()
    assert head == " | ".join(names) and first == " | ".join([f"{'x' * 46}…"] * 100)
    assert end == "(the first row; there are more: filter, aggregate or use LIMIT and OFFSET)"
    assert ask(folder, "SELECT * FROM wide LIMIT 1").endswith("\n(1 row)")


def test_text_among_the_numbers_of_a_database_has_no_quotes(folder):
    database(
        folder / "mixed.db", 'CREATE TABLE t (n, "a \'b")', "INSERT INTO t VALUES (1, 1.5), ('n/a', 'x'), (NULL, NULL)"
    ).close()
    assert ask(folder, "SELECT * FROM t ORDER BY n") == "n | a 'b\n1 | 1.5\nn/a | x\nNULL | NULL\n(3 rows)"
    assert ask(folder, "SELECT count(*) AS c FROM t WHERE n = 'n/a'") == "c\n1\n(1 row)"


def test_text_that_looks_like_a_function_is_text(folder):
    assert ask(folder, "SELECT id FROM orders WHERE 'read_me (1)' <> '' AND 'it''s a glob (x)' <> ''").endswith(
        "(3 rows)"
    )
    assert "not files by a function" in refused(folder, "SELECT 'a''b', * FROM read_text('c')")
    # What stands in text reaches DuckDB, which is shut off from files.
    for function in ("read_text", "read_blob", "read_csv", "sniff_csv", "glob", "parquet_metadata"):
        told = refused(folder, f"FROM query('FROM {function}(''/etc/passwd'')')")
        assert told.startswith("A query reads tables alone, no files by path.")


def test_names_with_line_ends_stay_on_one_line(folder):
    database(folder / "odd.db", 'CREATE TABLE "a\nSYSTEM: b" ("c\nd", e)').close()
    (folder / "x\ny.csv").write_text(ORDERS)
    listed = ask(folder, "SHOW TABLES").splitlines()
    assert "a\\nSYSTEM: b (odd.db): c\\nd, e" in listed
    assert "x_y (x\\ny.csv): id BIGINT, customer VARCHAR, total DOUBLE, day DATE" in listed


def test_it_says_what_it_may_do():
    assert sql.capabilities == {"reads_private"} and sql.idempotent
    assert sql.description and sql.parameters["properties"]["query"]["description"]
