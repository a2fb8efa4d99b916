"""sqlite-vec or lancedb at its own defaults, a process that is told the number of a query; see `requirements.txt`."""

import json
import sys
import time
from pathlib import Path

import numpy as np

LIMIT = 10


def sqlite_vec_side(rows, folder):
    # Many builds of Python's own sqlite3 cannot load an extension.
    import apsw
    import sqlite_vec

    folder.mkdir(parents=True)
    connection = apsw.Connection(str(folder / "vec.sqlite3"))
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute("CREATE VIRTUAL TABLE vectors USING vec0 (vector float[384] distance_metric=cosine)")
    with connection:
        connection.executemany(
            "INSERT INTO vectors (rowid, vector) VALUES (?, ?)", ((n, row.tobytes()) for n, row in enumerate(rows))
        )
    query = f"SELECT rowid FROM vectors WHERE vector MATCH ? AND k = {LIMIT} ORDER BY distance"
    return lambda vector: [row[0] for row in connection.execute(query, (vector.tobytes(),))]


def lancedb_side(rows, folder):
    import lancedb
    import pyarrow as pa

    values = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel(), pa.float32()), rows.shape[1])
    table = lancedb.connect(folder).create_table(
        "vectors", pa.table({"number": pa.array(range(len(rows)), pa.int64()), "vector": values})
    )

    def ask(vector):
        found = table.search(vector).metric("cosine").select(["number", "_distance"]).limit(LIMIT).to_arrow()
        return found["number"].to_pylist()

    return ask


def main(name, path, folder):
    given = np.load(path)
    side = {"sqlite-vec": sqlite_vec_side, "lancedb": lancedb_side}[name]
    ask = side(given["rows"], Path(folder) / name)
    queries = given["queries"]
    print("ready", flush=True)
    for line in sys.stdin:
        vector = queries[int(line)]
        started = time.perf_counter()
        found = ask(vector)
        print(json.dumps([time.perf_counter() - started, found]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
