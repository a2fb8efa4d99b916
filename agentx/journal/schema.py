"""The journal's schema as numbered steps: a file of version n is brought up to date by the steps after the nth.

A step that was released is never changed; `tests/journal` holds a file of each released version.
"""

SQLITE_STEPS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            created TEXT NOT NULL,
            workspace TEXT NOT NULL,
            model TEXT NOT NULL,
            task TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'running',
            steps INTEGER NOT NULL DEFAULT 0,
            result TEXT
        )""",
        "CREATE INDEX sessions_by_time ON sessions (created)",
        """CREATE TABLE events (
            session TEXT NOT NULL REFERENCES sessions (id),
            number INTEGER NOT NULL,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID""",
    ),
    (
        # The table is made anew, since SQLite reads a long `result` through to find a column behind it.
        """CREATE TABLE new_sessions (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            created TEXT NOT NULL,
            workspace TEXT NOT NULL,
            model TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'running',
            steps INTEGER NOT NULL DEFAULT 0,
            title TEXT NOT NULL DEFAULT '',
            parent TEXT,
            parent_event INTEGER,
            ended TEXT,
            indexed INTEGER NOT NULL DEFAULT 0,
            task TEXT NOT NULL,
            result TEXT
        )""",
        """INSERT INTO new_sessions (seq, id, created, workspace, model, status, steps, task, result, ended)
            SELECT rowid, id, created, workspace, model, status, steps, task, result, CASE WHEN status != 'running' THEN
            COALESCE((SELECT MAX(at) FROM events WHERE session = id), created) END FROM sessions ORDER BY rowid""",
        "DROP TABLE sessions",
        "ALTER TABLE new_sessions RENAME TO sessions",
        "CREATE INDEX sessions_by_time ON sessions (created)",
        "CREATE INDEX sessions_by_workspace ON sessions (workspace, created)",
        """CREATE TABLE texts (
            id INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions (id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL
        )""",
        "CREATE INDEX texts_by_session ON texts (session)",
        """CREATE VIRTUAL TABLE words USING fts5 (
            text, content = 'texts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
        )""",
        """CREATE TRIGGER text_added AFTER INSERT ON texts BEGIN
            INSERT INTO words (rowid, text) VALUES (new.id, new.text);
        END""",
        """CREATE TRIGGER text_deleted AFTER DELETE ON texts BEGIN
            INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
        END""",
    ),
)

SCHEMA_VERSION = len(SQLITE_STEPS)

# A server has known no version before the second. Times and ids are compared as the bytes that they are.
POSTGRESQL_STEPS: tuple[tuple[str, ...], ...] = (
    (),
    (
        """CREATE TABLE sessions (
            seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id TEXT COLLATE "C" NOT NULL UNIQUE,
            created TEXT COLLATE "C" NOT NULL,
            workspace TEXT NOT NULL,
            model TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'running',
            steps INTEGER NOT NULL DEFAULT 0,
            title TEXT NOT NULL DEFAULT '',
            parent TEXT,
            parent_event INTEGER,
            ended TEXT COLLATE "C",
            indexed INTEGER NOT NULL DEFAULT 0,
            task TEXT NOT NULL,
            result TEXT
        )""",
        "CREATE INDEX sessions_by_time ON sessions (created)",
        "CREATE INDEX sessions_by_workspace ON sessions (workspace, created)",
        """CREATE TABLE events (
            session TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
            number INTEGER NOT NULL,
            at TEXT COLLATE "C" NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (session, number)
        )""",
        # Its parser takes `a.txt` for the name of a host; to whoever searches, these are two words.
        """CREATE TABLE texts (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            session TEXT COLLATE "C" NOT NULL REFERENCES sessions (id),
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            words TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple', regexp_replace(text, '\\W+', ' ', 'g'))) STORED
        )""",
        "CREATE INDEX texts_by_session ON texts (session)",
        "CREATE INDEX texts_by_words ON texts USING GIN (words)",
    ),
)
