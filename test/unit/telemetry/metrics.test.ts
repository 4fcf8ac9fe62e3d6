import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { METRICS, Metrics } from '../../../src/telemetry/metrics.ts';

suite('metrics', () => {
  test('follow the naming rules of Prometheus and have unique names', () => {
    const names = Object.values(METRICS).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, type, help } of Object.values(METRICS)) {
      assert.match(name, /^gatewatch_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.match(help, /^[A-Z].*\.$/, name);
    }
  });

  test('count, set and observe', async () => {
    const metrics = new Metrics();
    metrics.count('receiveRequests', 2, { input: 'audit', status: 200 });
    metrics.count('receiveRedacted', 3);
    metrics.set('consumerLagEntries', 7, { stage: 'detect', partition: 0 });
    metrics.observe('logAppendSeconds', 0.003);
    const { body, contentType } = await metrics.expose();
    assert.match(contentType, /^text\/plain/);
    assert.match(body, /^gatewatch_receive_requests_total\{input="audit",status="200"\} 2$/m);
    assert.match(body, /^gatewatch_receive_redacted_total 3$/m);
    assert.match(body, /^gatewatch_consumer_lag_entries\{stage="detect",partition="0"\} 7$/m);
    assert.match(body, /^gatewatch_log_append_seconds_bucket\{le="0.005"\} 1$/m);
    assert.deepEqual(await metrics.read('receiveRedacted'), [{ labels: {}, value: 3 }]);
  });

  test('a label value that is not foreseen becomes `other`, however many there are', async () => {
    const metrics = new Metrics();
    metrics.bound('cluster', ['prod']);
    metrics.bound('rule', ['r1']);
    metrics.count('receiveRecords', 1, { kind: 'audit.event', cluster: 'prod' });
    for (let i = 0; i < 1000; i++) {
      metrics.count('receiveRecords', 1, { kind: 'audit.event', cluster: `invented-${i}` });
      metrics.count('receiveRequests', 1, { input: `invented-${i}`, status: i + 1000 });
      metrics.count('detectSignals', 1, { rule: `invented-${i}` });
      metrics.count('deadLetters', 1, { code: `invented-${i}` });
    }
    assert.deepEqual(await metrics.read('receiveRecords'), [
      { labels: { kind: 'audit.event', cluster: 'prod' }, value: 1 },
      { labels: { kind: 'audit.event', cluster: 'other' }, value: 1000 },
    ]);
    assert.deepEqual(await metrics.read('receiveRequests'), [
      { labels: { input: 'other', status: 'other' }, value: 1000 },
    ]);
    assert.equal((await metrics.read('detectSignals')).length, 1);
    assert.equal((await metrics.read('deadLetters')).length, 1);
  });

  test('the metrics of another thread are told together with ours', async () => {
    const [ours, theirs] = [new Metrics(), new Metrics()];
    ours.count('receiveRedacted', 1);
    theirs.count('detectRecords', 2);
    const { body } = await ours.expose(structuredClone(await theirs.json()));
    assert.match(body, /^gatewatch_receive_redacted_total 1$/m);
    assert.match(body, /^gatewatch_detect_records_total 2$/m);
  });

  test('two instances do not meet, and the metrics of the process come on request', async () => {
    const [one, two] = [new Metrics(), new Metrics({ process: true })];
    one.count('indexAlerts', 1);
    assert.deepEqual(await two.read('indexAlerts'), [{ labels: {}, value: 0 }]);
    assert.doesNotMatch((await one.expose()).body, /^process_cpu/m);
    assert.match((await two.expose()).body, /^process_cpu/m);
  });
});
