import { type ErrorCode, GatewatchError } from '../../errors.ts';

/** What the library throws. */
interface KafkaError extends Error {
  /** The brokers' own name of an error. */
  readonly type?: string;
  /** Node's name of an error. */
  readonly code?: string | number;
  readonly cause?: KafkaError;
  readonly originalError?: KafkaError;
  readonly errors?: readonly KafkaError[];
}

/** By the names alone: messages hold hosts and topics, which may be called anything. */
const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/AUTHORIZATION_FAILED$/, 'KAFKA_NOT_ALLOWED'],
  [/SASL/, 'KAFKA_AUTHENTICATION_FAILED'],
  // Of OpenSSL and of Node, for certificates and protocols that do not fit.
  [
    /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO$|CERT_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/,
    'KAFKA_AUTHENTICATION_FAILED',
  ],
  [/^(MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE)$/, 'ENTRY_TOO_LARGE'],
  [/^UNKNOWN_TOPIC_OR_PARTITION$/, 'TOPIC_MISSING'],
  [/^KafkaJS(Connection|RequestTimeout|BrokerNotFound|NoBrokerAvailable)/, 'KAFKA_UNREACHABLE'],
];

/**
 * What went wrong with the brokers, in our words. What is not known is `LOG_UNAVAILABLE`: worth another try.
 * @param what for example `The topics could not be read`
 * @param where a topic, if it concerns one
 */
export function kafkaError(error: unknown, what: string, where = 'kafka'): GatewatchError {
  const chain = causes(error as KafkaError);
  const known = chain.find((one) => one instanceof GatewatchError);
  if (known) return known;
  for (const [pattern, code] of CODES) {
    const found = chain.find((one) => namesOf(one).some((name) => pattern.test(name)));
    if (found) return new GatewatchError(code, `${what}: ${messageOf(found)}.`, { where, cause: error });
  }
  return new GatewatchError('LOG_UNAVAILABLE', `${what}: ${messageOf(chain.at(-1)!)}.`, {
    where,
    cause: error,
  });
}

/** Whether it is the brokers' error of this name. */
export function isOfType(error: unknown, type: string): boolean {
  return causes(error as KafkaError).some((one) => one.type === type);
}

function namesOf({ name, type, code }: KafkaError): string[] {
  return [name, type, code].flatMap((one) => (typeof one === 'string' ? [one] : []));
}

function messageOf({ name, message }: KafkaError): string {
  const hint =
    name === 'KafkaJSConnectionClosedError'
      ? ', as a broker does that wants TLS or a login and gets none'
      : '';
  // Of OpenSSL's lists of places in its sources only the reason.
  const [, reason] = /:SSL routines:[^:]*:([^:]+):/.exec(message) ?? [];
  return (reason ?? message).replace(/\.$/, '') + hint;
}

/** The error and what it was caused by, outermost first. */
function causes(error: KafkaError): KafkaError[] {
  const chain: KafkaError[] = [];
  for (let one: KafkaError | undefined = error; one && chain.length < 10; ) {
    chain.push(one);
    one = one.cause ?? one.originalError ?? one.errors?.[0];
  }
  return chain;
}
