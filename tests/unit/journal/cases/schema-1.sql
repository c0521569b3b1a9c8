PRAGMA application_id = 1414679116;
BEGIN TRANSACTION;
CREATE TABLE cursor (
  source TEXT NOT NULL, kind TEXT NOT NULL, cursor TEXT NOT NULL, confirmed_at TEXT NOT NULL,
  PRIMARY KEY (source, kind)) WITHOUT ROWID;
INSERT INTO "cursor" VALUES('erp','jobs','[10, 2, "x"]','2026-11-23T08:00:00Z');
CREATE TABLE gap (
  id INTEGER PRIMARY KEY, entity TEXT NOT NULL, slot TEXT NOT NULL, shape TEXT NOT NULL,
  severity TEXT NOT NULL, message TEXT NOT NULL, opened_at TEXT NOT NULL,
  opened_seq INTEGER NOT NULL, closed_at TEXT, closed_seq INTEGER);
INSERT INTO "gap" VALUES(1,'<e>','batch','<s>','violation','m','2026-11-23T08:00:00Z',4,NULL,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('checked_seq','4');
INSERT INTO "meta" VALUES('schema','1');
CREATE TABLE newest (
  seq INTEGER PRIMARY KEY REFERENCES record (seq), source TEXT NOT NULL, kind TEXT NOT NULL,
  key TEXT NOT NULL, version TEXT NOT NULL, number INTEGER NOT NULL, digest BLOB NOT NULL,
  deleted INTEGER NOT NULL, UNIQUE (source, kind, key));
INSERT INTO "newest" VALUES(2,'erp','jobs','2','r7',0,X'F4543C861EC4956649809DE9E9A403F9',0);
INSERT INTO "newest" VALUES(4,'erp','jobs','1','2',2,X'5784C825F09292FC241D41E09431E500',0);
INSERT INTO "newest" VALUES(5,'erp','jobs','3','2',2,X'695B2ED6940B38DFB36A92964AFE5976',1);
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT,
  position TEXT NOT NULL, stage TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
  hint TEXT NOT NULL, raw TEXT NOT NULL, raw_digest BLOB NOT NULL, first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL, attempts INTEGER NOT NULL,
  UNIQUE (source, kind, position, stage, code, raw_digest));
INSERT INTO "quarantine" VALUES(1,'erp','jobs',NULL,'jobs.csv:5','read','empty-key','jobs.csv:5: key column id is empty','give the row its key',',A-5',X'16D39B3AEC80ECB514F45CD9F6DB17BC','2026-11-23T08:00:00Z','2026-11-23T08:00:00Z',2);
INSERT INTO "quarantine" VALUES(2,'erp','jobs','2','jobs.csv:2','lift','bad-literal','m','h','{"id": "2"}',X'C601C520C875AA3EDFB1B48320ED17C9','2026-11-23T08:00:00Z','2026-11-23T08:00:00Z',1);
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  version TEXT NOT NULL, digest BLOB NOT NULL, deleted INTEGER NOT NULL, effective TEXT,
  effective_by TEXT NOT NULL, recorded TEXT NOT NULL, position TEXT NOT NULL,
  payload TEXT NOT NULL, UNIQUE (source, kind, key, version));
INSERT INTO "record" VALUES(1,'erp','jobs','1','1',X'DA4DA218F34C59F614A0473B5F94FB7B',0,NULL,'seen','2026-11-23T08:00:00Z','jobs.csv:1','{"id":"1","number":"A-1"}');
INSERT INTO "record" VALUES(2,'erp','jobs','2','r7',X'F4543C861EC4956649809DE9E9A403F9',0,NULL,'seen','2026-11-23T08:00:00Z','jobs.csv:2','{"id":"2","number":"A-2"}');
INSERT INTO "record" VALUES(3,'erp','jobs','3','1',X'BFF5CB6391013F8CB0624E6ABF096A6C',0,'2026-11-22T00:00:00Z','changed','2026-11-23T08:00:00Z','jobs.csv:3','{"id":"3","number":"A-3"}');
INSERT INTO "record" VALUES(4,'erp','jobs','1','2',X'5784C825F09292FC241D41E09431E500',0,NULL,'seen','2026-11-23T08:00:00Z','jobs.csv:1','{"id":"1","number":"A-1b"}');
INSERT INTO "record" VALUES(5,'erp','jobs','3','2',X'695B2ED6940B38DFB36A92964AFE5976',1,NULL,'seen','2026-11-23T08:00:00Z','jobs.csv:3','{}');
CREATE UNIQUE INDEX gap_open ON gap (entity, slot, shape) WHERE closed_at IS NULL;
COMMIT;
