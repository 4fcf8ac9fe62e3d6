import { type ErrorCode, GatewatchError } from '../../errors.ts';

/** What the library throws; the types of protocol errors are the broker's own names. */
interface KafkaError extends Error {
  readonly type?: string;
  readonly code?: string | number;
  readonly cause?: KafkaError;
  readonly originalError?: KafkaError;
  readonly errors?: readonly KafkaError[];
}

const CODES: readonly (readonly [RegExp, ErrorCode])[] = [
  [/AUTHORIZATION_FAILED/, 'KAFKA_NOT_ALLOWED'],
  [/SASL|AUTHENTICATION|Authentication/, 'KAFKA_AUTHENTICATION_FAILED'],
  // Names of OpenSSL and of Node for certificates and protocols that do not fit.
  [/CERT|self.signed|SSL|TLS|certificate|altname/i, 'KAFKA_AUTHENTICATION_FAILED'],
  [/MESSAGE_TOO_LARGE|RECORD_LIST_TOO_LARGE/, 'ENTRY_TOO_LARGE'],
  [/ConnectionError|BrokerNotFound|NoBrokerAvailable|ConnectionClosed|ECONNREFUSED/, 'KAFKA_UNREACHABLE'],
];

/**
 * What went wrong with the brokers, in our words. What is not known is `LOG_UNAVAILABLE`: worth another try.
 * @param what for example `The topics could not be read`
 */
export function kafkaError(error: unknown, what: string): GatewatchError {
  const chain = causes(error as KafkaError);
  const known = chain.find((one) => one instanceof GatewatchError);
  if (known) return known;
  for (const [pattern, code] of CODES) {
    const found = chain.find(({ name, type, message }) => pattern.test(`${name} ${type ?? ''} ${message}`));
    if (found)
      return new GatewatchError(code, `${what}: ${found.message}.`, { where: 'kafka', cause: error });
  }
  const deepest = chain.at(-1)!;
  return new GatewatchError('LOG_UNAVAILABLE', `${what}: ${deepest.message}.`, {
    where: 'kafka',
    cause: error,
  });
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
