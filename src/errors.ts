/** Which part of the house an error belongs to. */
type Stage = 'config' | 'receive' | 'log' | 'detect' | 'rules' | 'index' | 'console' | 'cli';

interface ErrorSpec {
  readonly stage: Stage;
  /** True if the same input may succeed later, unchanged. */
  readonly retryable: boolean;
  /** HTTP status where the error answers a request. */
  readonly status?: number;
  readonly meaning: string;
  readonly remedy: string;
}

/** The closed list of error codes. `docs/errors.md` is generated from it; a test holds every code to a use in the sources. */
export const ERRORS = {
  USAGE_INVALID: {
    stage: 'cli',
    retryable: false,
    meaning: 'The command line is not one that the command takes.',
    remedy: 'See `gatewatch COMMAND --help`.',
  },
  FILE_UNREADABLE: {
    stage: 'cli',
    retryable: false,
    meaning: 'A file or folder named on the command line or in the configuration cannot be read or written.',
    remedy: 'Check the path and its permissions.',
  },
  ADDRESS_UNAVAILABLE: {
    stage: 'cli',
    retryable: false,
    meaning: "The address to listen on is in use, or not this machine's.",
    remedy: 'Stop what uses it, or choose another with --set http.port=NUMBER (or https.port).',
  },
  CONFIG_INVALID: {
    stage: 'config',
    retryable: false,
    meaning: 'The configuration does not follow its schema.',
    remedy:
      'Correct the named key; `gatewatch config check` lists every fault, docs/configuration.md every key.',
  },
  CONFIG_UNREADABLE: {
    stage: 'config',
    retryable: false,
    meaning: 'The configuration file cannot be read or is not YAML.',
    remedy: 'Check the path, the permissions and the line named.',
  },
  CREDENTIAL_INVALID: {
    stage: 'receive',
    retryable: false,
    status: 401,
    meaning: 'The request carries no credential, or one that is not known.',
    remedy: 'Send the bearer token or client certificate that `gatewatch setup CLUSTER` printed.',
  },
  CREDENTIAL_WRONG_CLUSTER: {
    stage: 'receive',
    retryable: false,
    status: 403,
    meaning: 'The credential is known but belongs to another cluster, or to another input of it.',
    remedy:
      'Use the credential of the cluster named in the path; one was printed for audit and one for admission.',
  },
  BODY_NOT_JSON: {
    stage: 'receive',
    retryable: false,
    status: 400,
    meaning: 'The body is not JSON.',
    remedy: "Send the API server's own body; the place named is the first byte that does not fit.",
  },
  BODY_NOT_EVENT_LIST: {
    stage: 'receive',
    retryable: false,
    status: 400,
    meaning: 'The body is JSON but not an audit.k8s.io/v1 EventList.',
    remedy: 'Set --audit-webhook-version=audit.k8s.io/v1 (the default) and check the path.',
  },
  BODY_NOT_ADMISSION_REVIEW: {
    stage: 'receive',
    retryable: false,
    status: 400,
    meaning: 'The body is JSON but not an admission.k8s.io/v1 AdmissionReview request.',
    remedy: "List v1 in the webhook's admissionReviewVersions and check the path.",
  },
  BODY_NOT_DECISIONS: {
    stage: 'receive',
    retryable: false,
    status: 400,
    meaning: 'The body is JSON but neither an object, an array, nor a line of either.',
    remedy: "Send the policy engine's own documents: docs/how-it-works.md has an example for each.",
  },
  BODY_TOO_LARGE: {
    stage: 'receive',
    retryable: false,
    status: 413,
    meaning: 'The body, as sent or once decompressed, is larger than receive.body_bytes_max.',
    remedy: 'Lower --audit-webhook-batch-max-size, or raise the limit.',
  },
  BODY_NOT_DECOMPRESSIBLE: {
    stage: 'receive',
    retryable: false,
    status: 400,
    meaning: 'The body says that it is gzip and is not, or ends early.',
    remedy: 'Send Content-Encoding: gzip only with gzip.',
  },
  BODY_ENCODING_UNSUPPORTED: {
    stage: 'receive',
    retryable: false,
    status: 415,
    meaning: 'The Content-Encoding is neither gzip nor identity.',
    remedy: 'Send the body plain or as gzip.',
  },
  BODY_TOO_SLOW: {
    stage: 'receive',
    retryable: true,
    status: 408,
    meaning: 'The request did not arrive whole within receive.request_seconds_max.',
    remedy: 'Look at the network between the API server and Gatewatch.',
  },
  BATCH_TOO_MANY_ITEMS: {
    stage: 'receive',
    retryable: false,
    status: 413,
    meaning: 'The EventList, or another body, has more items than receive.batch_items_max.',
    remedy: 'Lower --audit-webhook-batch-max-size, or raise the limit.',
  },
  ITEM_NOT_OBJECT: {
    stage: 'receive',
    retryable: false,
    meaning: 'An item of the EventList, or of another list, is not a JSON object.',
    remedy: 'The item is in dead letters; nothing in Kubernetes writes such an item.',
  },
  ITEM_NOT_JSON: {
    stage: 'receive',
    retryable: false,
    meaning: 'A line or item is not valid JSON.',
    remedy: 'The item is in dead letters; look at what wrote it.',
  },
  ITEM_TOO_DEEP: {
    stage: 'receive',
    retryable: false,
    meaning: 'An item is nested deeper than receive.json_depth_max.',
    remedy: 'The item is in dead letters; raise the limit and retry it if it is honest.',
  },
  ITEM_TOO_LARGE: {
    stage: 'receive',
    retryable: false,
    meaning: 'An item is larger than receive.item_bytes_max.',
    remedy: 'The start of the item is in dead letters; raise the limit if such events are honest.',
  },
  ITEM_NOT_UTF8: {
    stage: 'receive',
    retryable: false,
    meaning: 'An item is not valid UTF-8, which JSON must be.',
    remedy: 'The item is in dead letters; look at what wrote it.',
  },
  ITEM_NOT_AN_EVENT: {
    stage: 'detect',
    retryable: false,
    meaning:
      'A record decodes to something that is not an audit event, admission review or decision (for example a field of another type than the API has).',
    remedy: 'The record is in dead letters with the field named.',
  },
  OVERLOADED: {
    stage: 'receive',
    retryable: true,
    status: 429,
    meaning: 'More bytes are in flight than receive.in_flight_bytes_max.',
    remedy: 'The sender retries after Retry-After; add capacity if gatewatch_receive_refused_total grows.',
  },
  SHUTTING_DOWN: {
    stage: 'receive',
    retryable: true,
    status: 503,
    meaning: 'The process is draining before it stops.',
    remedy: 'The sender retries after Retry-After.',
  },
  LOG_FULL: {
    stage: 'log',
    retryable: true,
    status: 503,
    meaning: 'The disk is full, or the log has reached log.bytes_max with nothing that may be deleted.',
    remedy: 'Free disk space or raise the limit; senders retry meanwhile.',
  },
  LOG_UNAVAILABLE: {
    stage: 'log',
    retryable: true,
    status: 503,
    meaning: 'The log could not store the batch.',
    remedy: 'The sender retries after Retry-After; the message carries the cause.',
  },
  KAFKA_UNREACHABLE: {
    stage: 'log',
    retryable: true,
    status: 503,
    meaning: 'None of the brokers of kafka.brokers answers.',
    remedy:
      'Check the addresses, the network, and whether the port speaks TLS (the section tls of kafka); it is tried again.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning: 'The brokers do not accept the credentials, the SASL mechanism or the certificates.',
    remedy: 'Correct the sections sasl and tls of kafka; the message has what the broker said.',
  },
  KAFKA_NOT_ALLOWED: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning: 'The brokers know this user but do not allow it what it asks for.',
    remedy:
      'Allow it the topics and groups that begin with kafka.prefix; docs/scale-out.md lists the operations.',
  },
  TOPIC_MISSING: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning: 'A topic does not exist and kafka.create_topics is off.',
    remedy: 'Run `gatewatch topics apply`, or set kafka.create_topics to true.',
  },
  TOPIC_NOT_CREATED: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning: 'The brokers refuse to create a topic as configured.',
    remedy: 'Correct what the message names; fewer than 3 brokers need a smaller kafka.replication_factor.',
  },
  TOPIC_PARTITIONS_DIFFER: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning:
      'A topic has another number of partitions than kafka.partitions: a namespace would change its partition and with it its history.',
    remedy:
      'Set kafka.partitions to the number that the topic has. To change the number: start everything anew with another kafka.prefix, let the old processes drain, then delete the old topics (docs/scale-out.md).',
  },
  TOPIC_SETTINGS_DIFFER: {
    stage: 'log',
    retryable: false,
    status: 503,
    meaning: 'A topic has a setting with which events would be lost or refused.',
    remedy: 'Run `gatewatch topics apply`, which changes the setting named.',
  },
  ENTRY_TOO_LARGE: {
    stage: 'log',
    retryable: false,
    status: 413,
    meaning: 'An entry is larger than the brokers take (kafka.message_bytes_max).',
    remedy:
      'Raise kafka.message_bytes_max and run `gatewatch topics apply`, or lower receive.item_bytes_max.',
  },
  ENTRY_FORMAT_UNKNOWN: {
    stage: 'log',
    retryable: false,
    meaning: 'An entry of the log was written in a format that this version does not know.',
    remedy:
      'The entry is in dead letters; upgrade this process and put the entry back with `gatewatch dead-letters retry`.',
  },
  ENTRY_UNREADABLE: {
    stage: 'log',
    retryable: false,
    meaning: 'An entry of the log is not what Gatewatch writes there.',
    remedy: 'The entry is in dead letters; find out what else writes to the topic.',
  },
  DATABASE_CORRUPT: {
    stage: 'log',
    retryable: true,
    status: 503,
    meaning: 'The embedded database file is damaged or is not a database.',
    remedy:
      'Stop Gatewatch, move the named file aside (keep it: `sqlite3 FILE .recover` can save most of it), start again.',
  },
  DATA_DIR_IN_USE: {
    stage: 'log',
    retryable: true,
    meaning: 'Another Gatewatch runs on the same data folder.',
    remedy: 'Stop it, or choose another folder with --data-dir.',
  },
  DATABASE_VERSION_UNKNOWN: {
    stage: 'log',
    retryable: false,
    meaning: 'The embedded database was written by a newer Gatewatch.',
    remedy: 'Run that version or a newer one, or choose another data_dir.',
  },
  RULE_NOT_YAML: {
    stage: 'rules',
    retryable: false,
    meaning: 'A rule file is not YAML.',
    remedy: 'Correct the line and column named.',
  },
  RULE_INVALID: {
    stage: 'rules',
    retryable: false,
    meaning:
      'A rule, or a mapping of fields, does not follow the specification of Sigma or of its pipelines.',
    remedy: 'Correct the line and column named; the message says what is expected there.',
  },
  RULE_UNSUPPORTED: {
    stage: 'rules',
    retryable: false,
    meaning:
      'A rule, or a mapping of fields, uses a part of Sigma that this version does not evaluate; it is named.',
    remedy: 'Rewrite the rule without it.',
  },
  RULE_DUPLICATE_ID: {
    stage: 'rules',
    retryable: false,
    meaning: 'Two rules have the same id.',
    remedy: 'Give one of the two files named an id of its own.',
  },
  RULE_REFERENCE_UNKNOWN: {
    stage: 'rules',
    retryable: false,
    meaning: 'A correlation, a filter, an exception or the configuration names a rule that is not loaded.',
    remedy: 'Correct the id or name, or load the rule.',
  },
  RULE_REFERENCE_CYCLE: {
    stage: 'rules',
    retryable: false,
    meaning: 'Correlations refer to each other in a circle.',
    remedy: 'Take the reference named out of one of them.',
  },
  RULE_LIST_UNKNOWN: {
    stage: 'rules',
    retryable: false,
    meaning: 'A rule has a placeholder for which there is no list.',
    remedy:
      'Correct the name, or declare the list: a file lists/NAME.txt beside the rules, which may be empty, or a path in detect.lists.',
  },
  LIST_INVALID: {
    stage: 'rules',
    retryable: false,
    meaning: 'A file of values for placeholders is not what its format says, or is larger than its limit.',
    remedy: 'Correct the line named; docs/rules.md shows the formats.',
  },
  EXCEPTION_INVALID: {
    stage: 'rules',
    retryable: false,
    meaning: 'An exception lacks what every exception must say, lasts for too long, or says what none can.',
    remedy: 'Correct the line and column named; docs/rules.md shows the form.',
  },
  RULE_REGEX_INVALID: {
    stage: 'rules',
    retryable: false,
    meaning:
      'A regular expression does not compile in linear-time syntax (no back-references, no look-around), or is larger than its limit.',
    remedy: 'Rewrite the expression.',
  },
  RULE_TEST_FAILED: {
    stage: 'rules',
    retryable: false,
    meaning: 'A test beside a rule does not hold.',
    remedy: 'Correct the rule or the test named.',
  },
  STORE_UNAVAILABLE: {
    stage: 'index',
    retryable: true,
    status: 503,
    meaning: 'Elasticsearch does not answer, or answers that it is overloaded.',
    remedy:
      'Check elasticsearch.nodes and the cluster; it is tried again for as long as it takes, and the log keeps the place.',
  },
  STORE_AUTHENTICATION_FAILED: {
    stage: 'index',
    retryable: false,
    status: 503,
    meaning: 'Elasticsearch does not accept the credentials.',
    remedy: 'Correct elasticsearch.username and password_file, or api_key_file.',
  },
  STORE_NOT_ALLOWED: {
    stage: 'index',
    retryable: false,
    status: 503,
    meaning: 'Elasticsearch knows this user but does not allow it what it asks for.',
    remedy: 'Give it the privileges that `gatewatch index setup --dry-run` lists.',
  },
  STORE_READ_ONLY: {
    stage: 'index',
    retryable: true,
    status: 503,
    meaning:
      'An index takes no writes, as Elasticsearch makes it when a disk passes the flood-stage watermark.',
    remedy: 'Free disk space; Elasticsearch then lifts the block by itself and writing goes on.',
  },
  STORE_UNSUPPORTED: {
    stage: 'index',
    retryable: false,
    status: 503,
    meaning: 'What answers is not Elasticsearch 8 or 9 (OpenSearch, an older version, or something else).',
    remedy: 'Point elasticsearch.nodes at Elasticsearch 8.13 or newer.',
  },
  STORE_TEMPLATE_CONFLICT: {
    stage: 'index',
    retryable: false,
    status: 503,
    meaning:
      "Elasticsearch refuses an index template, or another template takes precedence over Gatewatch's.",
    remedy:
      'Change the other template or its priority; `gatewatch index setup --dry-run` prints what is installed.',
  },
  STORE_REFUSED_DOCUMENT: {
    stage: 'index',
    retryable: false,
    meaning: 'Elasticsearch will not take a document, whatever is tried.',
    remedy:
      'The alert is in dead letters with the reason; correct the mapping and put it back with `gatewatch dead-letters retry`.',
  },
  CURSOR_INVALID: {
    stage: 'index',
    retryable: false,
    status: 400,
    meaning: 'The cursor is not one that this API gave out for this sort.',
    remedy: 'Start again without a cursor.',
  },
  QUERY_INVALID: {
    stage: 'console',
    retryable: false,
    status: 400,
    meaning: 'A query parameter is unknown or has a value it cannot have.',
    remedy: 'See /openapi.json for the parameters.',
  },
  ALERT_UNKNOWN: {
    stage: 'console',
    retryable: false,
    status: 404,
    meaning: 'There is no alert with this id.',
    remedy: 'It may have been withdrawn by a re-issue: look for its rule and group.',
  },
  ROUTE_UNKNOWN: {
    stage: 'console',
    retryable: false,
    status: 404,
    meaning: 'There is no such page or resource.',
    remedy: 'See /openapi.json for the routes.',
  },
  LOGIN_REQUIRED: {
    stage: 'console',
    retryable: false,
    status: 401,
    meaning: 'The page or API needs a login.',
    remedy: 'Log in with the token that `gatewatch serve` prints, or send it as bearer token.',
  },
  LOGIN_FAILED: {
    stage: 'console',
    retryable: false,
    status: 401,
    meaning: 'The login token is wrong.',
    remedy: 'Use the token that `gatewatch serve` prints; it is kept in data_dir/console-token.',
  },
  LOGIN_TOO_MANY: {
    stage: 'console',
    retryable: true,
    status: 429,
    meaning: 'Too many login attempts from this address.',
    remedy: 'Wait a minute.',
  },
  INTERNAL: {
    stage: 'console',
    retryable: true,
    status: 500,
    meaning: 'Something failed that is a defect of Gatewatch.',
    remedy: 'The log has the cause; please report it.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** An error a user may meet: a stable code, what was wrong, where (`items[3].objectRef`, a file with line and column), and by its code what to do. */
export class GatewatchError extends Error {
  override readonly name = 'GatewatchError';
  readonly code: ErrorCode;
  readonly where: string | undefined;

  constructor(code: ErrorCode, what: string, options: { where?: string; cause?: unknown } = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code];
  }

  /** One line for a terminal or a log: code, place, what, remedy. */
  explain(): string {
    return `${this.code}${this.where ? ` at ${this.where}` : ''}: ${this.message} ${this.spec.remedy}`;
  }
}

/** The body of every error answer over HTTP. */
export function errorBody({ code, message, where, spec }: GatewatchError) {
  return { error: { code, message, ...(where !== undefined && { where }), remedy: spec.remedy } };
}
