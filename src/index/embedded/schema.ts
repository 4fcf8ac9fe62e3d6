/** The id of an alert's incident. It is no column: few alerts are asked for by it, and files from before have none. */
export const INCIDENT = `(doc ->> '$.gatewatch.incident.id')`;

/**
 * Tables of the alert store. `doc` is the alert as it was put; the columns are what is asked for, and `status` may differ from
 * the document's because a person's word outlives a new version. Every sort ends in `id`, so a page has one
 * place to resume. Indices end in `status`, which nearly every question asks, so that counting reads nothing else.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS alerts (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  time INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  cluster TEXT NOT NULL,
  namespace TEXT,
  user TEXT,
  rule TEXT NOT NULL,
  rule_name TEXT NOT NULL,
  detection_id TEXT,
  outcome TEXT NOT NULL,
  status TEXT NOT NULL,
  doc TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS alerts_by_time ON alerts (time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_severity ON alerts (severity, time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_cluster ON alerts (cluster, time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_namespace ON alerts (namespace, time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_user ON alerts (user, time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_rule ON alerts (rule, time, id, status, rule_name);
CREATE INDEX IF NOT EXISTS alerts_by_detection ON alerts (detection_id, time, id, status);
CREATE INDEX IF NOT EXISTS alerts_by_incident ON alerts (${INCIDENT}, time, id, status) WHERE ${INCIDENT} IS NOT NULL;
CREATE VIRTUAL TABLE IF NOT EXISTS alerts_text USING fts5 (
  message, names, content='', contentless_delete=1, tokenize='unicode61'
);`;

/** True once the writer has made the tables; a reader that is first to open the file sees none. */
export const SCHEMA_EXISTS = `SELECT 1 FROM sqlite_schema WHERE name = 'alerts_text'`;
