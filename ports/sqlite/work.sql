-- SPDX-License-Identifier: MIT
-- Real work for SQLite, the same on every machine: what it prints in Pagoda must be what it prints on the host, byte for byte.
.bail on
.headers on
.mode list
PRAGMA cache_size = 200;
PRAGMA foreign_keys = ON;
SELECT sqlite_version();

CREATE TABLE account(id INTEGER PRIMARY KEY, owner TEXT NOT NULL, balance INTEGER CHECK (balance >= 0));
CREATE TABLE entry(id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account(id), amount INTEGER, at REAL, note TEXT);

-- tens of thousands of rows in one transaction
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO account SELECT i, printf('owner-%04d', (i * 7919) % 1000), 1000 + (i * 31) % 500 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO entry SELECT i, 1 + (i * 104729) % 500, (i * 7) % 1000 - 400, i / 16.0, substr('lorem ipsum dolor sit amet consectetur', 1 + i % 20, 5 + i % 15) FROM n;
COMMIT;
SELECT count(*), sum(amount), min(note), max(note), total(at), avg(amount) FROM entry;

-- indexes, joins, groups, windows
CREATE INDEX entry_account ON entry(account, at);
CREATE INDEX entry_note ON entry(note) WHERE amount > 0;
EXPLAIN QUERY PLAN SELECT * FROM entry WHERE account = 7 ORDER BY at;
SELECT a.owner, count(*) AS n, sum(e.amount) AS total, round(avg(e.at), 6) FROM account a JOIN entry e ON e.account = a.id
 GROUP BY a.owner HAVING n > 100 ORDER BY total DESC, a.owner LIMIT 8;
SELECT account, id, amount, sum(amount) OVER (PARTITION BY account ORDER BY at ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving
 FROM entry WHERE account IN (3, 4) ORDER BY account, at LIMIT 10;
SELECT note, count(*) FROM entry WHERE amount > 0 GROUP BY note ORDER BY 2 DESC, 1 LIMIT 5;
SELECT o, n FROM (SELECT substr(owner, 7, 2) AS o, count(*) AS n FROM account LEFT JOIN entry USING (id) GROUP BY o) WHERE n > 4 ORDER BY o LIMIT 5;

-- transactions that are undone, wholly and in part
BEGIN;
UPDATE account SET balance = balance + 1000000;
DELETE FROM entry WHERE id % 3 = 0;
SELECT count(*), (SELECT sum(balance) FROM account) FROM entry;
ROLLBACK;
SELECT count(*), (SELECT sum(balance) FROM account) FROM entry;
BEGIN;
UPDATE account SET balance = 0 WHERE id = 1;
SAVEPOINT inner;
DELETE FROM entry WHERE account = 1;
SELECT count(*) FROM entry WHERE account = 1;
ROLLBACK TO inner;
RELEASE inner;
COMMIT;
SELECT balance, (SELECT count(*) FROM entry WHERE account = 1) FROM account WHERE id = 1;
INSERT OR IGNORE INTO account VALUES(1, 'again', 5);
INSERT INTO account VALUES(1, 'again', 5) ON CONFLICT(id) DO UPDATE SET owner = excluded.owner;
SELECT * FROM account WHERE id = 1;

-- triggers, views, generated columns, upserts, JSON, text search, dates, numbers
CREATE TABLE log(id INTEGER PRIMARY KEY, what TEXT, length INTEGER GENERATED ALWAYS AS (length(what)) STORED);
CREATE TRIGGER spent AFTER UPDATE OF balance ON account WHEN new.balance < old.balance
BEGIN INSERT INTO log(what) VALUES(printf('%s: %d -> %d', old.owner, old.balance, new.balance)); END;
UPDATE account SET balance = balance / 2 WHERE id BETWEEN 10 AND 15;
CREATE VIEW richest AS SELECT owner, balance FROM account ORDER BY balance DESC, owner LIMIT 3;
SELECT * FROM log;
SELECT * FROM richest;
SELECT json_group_array(json_object('o', owner, 'b', balance)) FROM richest;
SELECT json_extract('{"a":[1,2,{"b":"\u00e9"}]}', '$.a[2].b'), json_valid('{'), json_array_length('[1,2,3]');
CREATE VIRTUAL TABLE words USING fts5(body);
INSERT INTO words SELECT note || ' ' || id FROM entry WHERE id <= 2000;
SELECT count(*) FROM words WHERE words MATCH 'dolor';
SELECT rowid, highlight(words, 0, '[', ']') FROM words WHERE words MATCH 'amet NOT sit' ORDER BY rowid LIMIT 3;
SELECT date('2001-02-28', '+1 day'), strftime('%Y-%j %H:%M:%f', 1e9, 'unixepoch'), julianday('2000-01-01'), datetime('1969-07-20 20:17:40', '-4 hours');
SELECT 0.1 + 0.2, 1e308 * 10, -1e-320, 9007199254740993, 1.0 / 3, round(2.5), 7 / 2, 7 % -3, CAST('12abc' AS INTEGER), CAST(1e20 AS INTEGER), 1 << 62, printf('%.20f|%g|%+05d', 0.1, 1e-7, 42);
SELECT sqrt(2), pow(2, 0.5), ln(10), sin(1), hex(zeroblob(4)), quote(x'00ff'), upper('straße'), unicode('€'), char(8364, 128512), instr('abcabc', 'ca'), replace('aXbX', 'X', '--');
SELECT group_concat(column1, ',') FROM (SELECT column1 FROM (VALUES(3), (1), (2)) ORDER BY 1);

-- everything anew in another order, and another file
DELETE FROM entry WHERE id % 2 = 0;
ALTER TABLE entry ADD COLUMN extra TEXT DEFAULT 'none';
ALTER TABLE entry RENAME COLUMN note TO remark;
ANALYZE;
REINDEX;
VACUUM;
SELECT count(*), max(id), min(extra) FROM entry;
PRAGMA page_count;
PRAGMA freelist_count;
ATTACH 'other.db' AS other;
CREATE TABLE other.copy AS SELECT * FROM main.account;
BEGIN;
UPDATE other.copy SET balance = balance + 1;
UPDATE main.account SET balance = balance + 1;
COMMIT;
SELECT sum(m.balance) - sum(o.balance) FROM main.account m JOIN other.copy o USING (id);
DETACH other;
PRAGMA integrity_check;
PRAGMA foreign_key_check;
.dump log
.mode csv
SELECT * FROM account ORDER BY id LIMIT 3;
.mode json
SELECT * FROM richest;
.mode box
SELECT * FROM richest;
