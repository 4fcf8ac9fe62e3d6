import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import { kafkaError } from '../../../../src/log/kafka/errors.ts';

/** An error as the library throws it. */
function thrown(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

describe('errors of the library in our words', () => {
  test('a host or topic may be called anything', () => {
    for (const host of ['kafka-tls.prod', 'cert-manager', 'sasl.example', 'ssl', 'authentication']) {
      const error = thrown('KafkaJSConnectionError', `Connection error: getaddrinfo ENOTFOUND ${host}`, {
        code: 'ENOTFOUND',
      });
      assert.equal(kafkaError(error, 'What').code, 'KAFKA_UNREACHABLE', host);
    }
  });

  test('the cause counts, however deep it lies', () => {
    const refused = thrown('KafkaJSProtocolError', 'Not authorized to access group', {
      type: 'GROUP_AUTHORIZATION_FAILED',
    });
    const retried = thrown('KafkaJSNumberOfRetriesExceeded', 'Not authorized', { cause: refused });
    const error = kafkaError(
      thrown('KafkaJSNonRetriableError', 'Not authorized', { originalError: retried }),
      'Group g cannot read t',
      't',
    );
    assert.equal(error.code, 'KAFKA_NOT_ALLOWED');
    assert.equal(error.message, 'Group g cannot read t: Not authorized to access group.');
    assert.equal(error.where, 't');
  });

  test('errors of ours stay what they are', () => {
    const own = new GatewatchError('TOPIC_MISSING', 'There is no such topic.');
    assert.equal(kafkaError(thrown('KafkaJSNonRetriableError', 'x', { cause: own }), 'What'), own);
  });

  test('what is not known is worth another try', () => {
    const error = kafkaError(
      thrown('KafkaJSProtocolError', 'Disk error.', { type: 'KAFKA_STORAGE_ERROR' }),
      'What',
    );
    assert.equal(error.code, 'LOG_UNAVAILABLE');
    assert.equal(error.message, 'What: Disk error.');
  });

  test('of what OpenSSL says, the reason', () => {
    const said =
      'Connection error: 404D8403757F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/ssl/record/rec_layer_s3.c:918:SSL alert number 42\n';
    const error = kafkaError(
      thrown('KafkaJSConnectionError', said, { code: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE' }),
      'What',
    );
    assert.equal(error.code, 'KAFKA_AUTHENTICATION_FAILED');
    assert.equal(error.message, 'What: ssl/tls alert bad certificate.');
  });
});
