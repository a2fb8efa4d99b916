-- A journal of schema version 1, as AgentX 0.1 wrote it; `iterdump` of the file, and its version.
BEGIN TRANSACTION;
CREATE TABLE events (
    session TEXT NOT NULL REFERENCES sessions (id),
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
INSERT INTO "events" VALUES('20260101-000000-aaaa',1,'2026-11-25T23:22:54.781541+00:00','RunStarted','{"kind": "RunStarted", "session_id": "s", "task": "task \u00e9 \ud800", "model": "m", "strategy": "auto", "tools": ["read_file"], "workspace": "/w", "settings": {}}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',2,'2026-11-25T23:22:54.782292+00:00','ModelLoaded','{"kind": "ModelLoaded", "name": "m", "elapsed_s": 0.5, "build": {}}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',3,'2026-11-25T23:22:54.782397+00:00','StepStarted','{"kind": "StepStarted", "number": 1}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',4,'2026-11-25T23:22:54.782511+00:00','TextDelta','{"kind": "TextDelta", "channel": "answer", "text": "\u0000\u001b[31m"}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',5,'2026-11-25T23:22:54.782605+00:00','Thought','{"kind": "Thought", "text": "hm"}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',6,'2026-11-25T23:22:54.782668+00:00','CallDecoded','{"kind": "CallDecoded", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',7,'2026-11-25T23:22:54.782738+00:00','ApprovalAsked','{"kind": "ApprovalAsked", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}, "reason": "changes files", "advice": ""}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',8,'2026-11-25T23:22:54.782806+00:00','ApprovalGiven','{"kind": "ApprovalGiven", "call_id": "c1", "allowed": true, "reason": "allowed", "arguments": null, "grant": null}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',9,'2026-11-25T23:22:54.782875+00:00','CallStarted','{"kind": "CallStarted", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}, "workspace": ""}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',10,'2026-11-25T23:22:54.785527+00:00','CallProgress','{"kind": "CallProgress", "call_id": "c1", "text": "half"}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',11,'2026-11-25T23:22:54.785662+00:00','CallFinished','{"kind": "CallFinished", "result": {"call_id": "c1", "status": "error", "text": "cut", "full_text": "the whole text", "value": "Traceback \u2026", "changed": 0.1, "traceback": null, "elapsed_s": 0.0, "argument": null, "untrusted": false, "addresses": []}}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',12,'2026-11-25T23:22:54.789524+00:00','Notice','{"kind": "Notice", "text": "n"}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',13,'2026-11-25T23:22:54.789644+00:00','StepFinished','{"kind": "StepFinished", "number": 1, "usage": {"prompt_tokens": 3, "reused_tokens": 0, "forced_tokens": 0, "sampled_tokens": 0, "masked_tokens": 0, "probe_tokens": 0, "drafted_tokens": 0, "accepted_tokens": 0, "prompt_s": 0.0, "decode_s": 0.25}}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',14,'2026-11-25T23:22:54.789721+00:00','Answered','{"kind": "Answered", "text": "yes", "citations": [], "unverified": []}');
INSERT INTO "events" VALUES('20260101-000000-aaaa',15,'2026-11-25T23:22:54.789785+00:00','RunFinished','{"kind": "RunFinished", "status": "ok", "output": {"a": [1, null]}, "error": null, "steps": 1, "usage": {"prompt_tokens": 0, "reused_tokens": 0, "forced_tokens": 0, "sampled_tokens": 7, "masked_tokens": 0, "probe_tokens": 0, "drafted_tokens": 4, "accepted_tokens": 3, "prompt_s": 0.0, "decode_s": 0.0}}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',1,'2026-11-25T23:22:54.797551+00:00','RunStarted','{"kind": "RunStarted", "session_id": "s", "task": "task \u00e9 \ud800", "model": "m", "strategy": "auto", "tools": ["read_file"], "workspace": "/w", "settings": {}}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',2,'2026-11-25T23:22:54.797682+00:00','ModelLoaded','{"kind": "ModelLoaded", "name": "m", "elapsed_s": 0.5, "build": {}}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',3,'2026-11-25T23:22:54.797749+00:00','StepStarted','{"kind": "StepStarted", "number": 1}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',4,'2026-11-25T23:22:54.797824+00:00','TextDelta','{"kind": "TextDelta", "channel": "answer", "text": "\u0000\u001b[31m"}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',5,'2026-11-25T23:22:54.797876+00:00','Thought','{"kind": "Thought", "text": "hm"}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',6,'2026-11-25T23:22:54.797929+00:00','CallDecoded','{"kind": "CallDecoded", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',7,'2026-11-25T23:22:54.797990+00:00','ApprovalAsked','{"kind": "ApprovalAsked", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}, "reason": "changes files", "advice": ""}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',8,'2026-11-25T23:22:54.798136+00:00','ApprovalGiven','{"kind": "ApprovalGiven", "call_id": "c1", "allowed": true, "reason": "allowed", "arguments": null, "grant": null}');
INSERT INTO "events" VALUES('20260101-000001-bbbb',9,'2026-11-25T23:22:54.798199+00:00','CallStarted','{"kind": "CallStarted", "call": {"id": "c1", "name": "read_file", "arguments": {"path": "a.txt", "n": 1.5, "deep": {"x": [null, true]}}}, "workspace": ""}');
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    workspace TEXT NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'running',
    steps INTEGER NOT NULL DEFAULT 0,
    result TEXT
);
INSERT INTO "sessions" VALUES('20260101-000000-aaaa','2026-11-25T23:22:54.777556+00:00','/w','m','odd \ud800 täsk','ok',1,'{"a": [1, null]}');
INSERT INTO "sessions" VALUES('20260101-000001-bbbb','2026-11-25T23:22:54.793476+00:00','/w/two','m','crashed one','running',1,NULL);
INSERT INTO "sessions" VALUES('trip','2026-11-25T23:22:54.801470+00:00','/w','m2','never began','failed',0,'null');
CREATE INDEX sessions_by_time ON sessions (created);
COMMIT;
PRAGMA user_version = 1;
