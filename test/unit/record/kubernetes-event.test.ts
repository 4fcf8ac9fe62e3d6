import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubernetesEvent } from '../../../src/record/kubernetes-event.ts';

const regarding = { kind: 'Pod', namespace: 'web', name: 'p' };

test('both layouts read alike', () => {
  const core = {
    involvedObject: regarding,
    message: 'no',
    source: { component: 'x' },
    reportingComponent: '',
    eventTime: null,
    lastTimestamp: 'last',
  };
  const events = {
    regarding,
    note: 'no',
    deprecatedSource: { component: 'x' },
    eventTime: null,
    deprecatedLastTimestamp: 'last',
  };
  assert.deepEqual(kubernetesEvent(core), kubernetesEvent(events));
  const { reporter, note, time, annotations } = kubernetesEvent(core)!;
  assert.deepEqual([reporter, note, time, annotations], ['x', 'no', 'last', {}]);
});

test('the time is when it was last observed', () => {
  const timeOf = (fields: object) => kubernetesEvent({ regarding, ...fields })?.time;
  const metadata = { creationTimestamp: 'created' };
  assert.equal(timeOf({ metadata }), 'created');
  assert.equal(timeOf({ metadata, eventTime: 'event' }), 'event');
  assert.equal(timeOf({ metadata, eventTime: 'event', series: { lastObservedTime: 'series' } }), 'series');
});

test('what is no Event', () => {
  for (const value of [null, 7, 'x', [], {}, { regarding: 'x' }, { involvedObject: [] }])
    assert.equal(kubernetesEvent(value), undefined);
});
