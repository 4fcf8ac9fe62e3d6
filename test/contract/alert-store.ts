import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertQuery, AlertStore } from '../../src/index/port.ts';
import type { Alert, Incident, Severity } from '../../src/record/alert.ts';
import { alertOf, HOSTILE, incidentOf, PRIVILEGED_POD_DENIED } from './alert-store-fixtures.ts';

const NEWEST_FIRST = { sort: 'time', order: 'desc', limit: 100 } as const;
const SEVERITIES: readonly Severity[] = ['low', 'medium', 'high'];

async function ids(store: AlertStore, query: Partial<AlertQuery> = {}): Promise<string[]> {
  const { alerts } = await store.find({ ...NEWEST_FIRST, ...query });
  return alerts.map((alert) => alert.event.id);
}

/** Every page of a query, one array of ids a page. */
async function pages(store: AlertStore, query: Partial<AlertQuery>): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find({ ...NEWEST_FIRST, ...query, ...(cursor !== undefined && { cursor }) });
    found.push(page.alerts.map((alert) => alert.event.id));
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

/** What every alert store must do. `open` gives an empty one. */
export function alertStoreContract(name: string, open: () => Promise<AlertStore>): void {
  const stored = async (...alerts: Alert[]): Promise<AlertStore> => {
    const store = await open();
    await store.put(alerts);
    return store;
  };

  describe(`alert store: ${name}`, () => {
    describe('put', () => {
      it('keeps the document whole', async () => {
        const store = await stored(PRIVILEGED_POD_DENIED, HOSTILE);
        assert.deepEqual(await store.get(PRIVILEGED_POD_DENIED.event.id), PRIVILEGED_POD_DENIED);
        assert.deepEqual(await store.get(HOSTILE.event.id), HOSTILE);
        assert.equal(await store.get('unknown'), undefined);
        await store.close();
      });

      it('is idempotent', async () => {
        const store = await stored(PRIVILEGED_POD_DENIED, PRIVILEGED_POD_DENIED);
        await store.put([PRIVILEGED_POD_DENIED]);
        assert.deepEqual(await store.count({}), { total: 1, values: [] });
        assert.deepEqual(await ids(store, { text: 'r00t' }), [PRIVILEGED_POD_DENIED.event.id]);
        await store.close();
      });

      it('keeps the highest version, in whichever order they come', async () => {
        const v = (version: number, message: string) => alertOf({ id: 'a', message, gatewatch: { version } });
        const store = await stored(v(2, 'second'), v(1, 'first'));
        assert.equal((await store.get('a'))?.message, 'second');
        assert.deepEqual(await ids(store, { text: 'first' }), []);
        await store.put([v(3, 'third')]);
        assert.equal((await store.get('a'))?.message, 'third');
        assert.deepEqual(
          await ids(store, { text: 'second' }),
          [],
          'what a revision no longer says is not found',
        );
        assert.deepEqual(await ids(store, { text: 'third' }), ['a']);
        await store.close();
      });

      it('keeps what a person said over a new version, unless that withdraws the alert', async () => {
        for (const status of ['acknowledged', 'closed'] as const) {
          const store = await stored(alertOf({ id: 'a' }), alertOf({ id: 'a', gatewatch: { status } }));
          await store.put([alertOf({ id: 'a', message: 'more', gatewatch: { version: 2, count: 2 } })]);
          const alert = await store.get('a');
          assert.equal(alert?.gatewatch.status, status);
          assert.equal(alert?.gatewatch.count, 2);
          assert.deepEqual(await ids(store, { status: [status] }), ['a']);
          await store.put([alertOf({ id: 'a', gatewatch: { version: 3, status: 'withdrawn' } })]);
          assert.equal((await store.get('a'))?.gatewatch.status, 'withdrawn');
          await store.close();
        }
      });
    });

    describe('put of an alert whose incident has changed', () => {
      const member = (incident_version: number, incident?: Incident, version = 1) =>
        alertOf({ id: 'a', gatewatch: { version, incident_version, ...(incident && { incident }) } });
      const small = incidentOf('i', 2);
      const large = incidentOf('i', 3);

      it('replaces the same version, and finds it by its incident', async () => {
        const store = await stored(member(5, small), alertOf({ id: 'b' }));
        assert.deepEqual(await ids(store, { incident: ['i'] }), ['a']);
        await store.put([member(7, large)]);
        assert.deepEqual(await store.get('a'), member(7, large));
        assert.deepEqual(await ids(store, { incident: ['x', 'i'] }), ['a']);
        assert.equal((await store.count({ incident: ['i'] })).total, 1);
        await store.put([member(8)]);
        assert.deepEqual(await store.get('a'), member(8), 'one that stands alone again');
        assert.deepEqual(await ids(store, { incident: ['i'] }), []);
        await store.close();
      });

      it('leaves what knows more of the incident, unless the alert itself is newer', async () => {
        const store = await stored(member(7, large));
        await store.put([member(5, small)]);
        assert.deepEqual(await store.get('a'), member(7, large));
        await store.put([alertOf({ id: 'a' })]);
        assert.deepEqual(await store.get('a'), member(7, large));
        await store.put([member(6, small, 2)]);
        assert.deepEqual(await store.get('a'), member(6, small, 2));
        await store.put([member(9, large)]);
        assert.deepEqual(await store.get('a'), member(6, small, 2));
        await store.close();
      });

      it('leaves what a person said', async () => {
        for (const status of ['acknowledged', 'closed'] as const) {
          const store = await stored(
            member(5, small),
            alertOf({ id: 'a', gatewatch: { status, incident_version: 5 } }),
          );
          await store.put([member(7, large)]);
          const alert = await store.get('a');
          assert.equal(alert?.gatewatch.status, status);
          assert.deepEqual(alert?.gatewatch.incident, large);
          assert.deepEqual(await ids(store, { status: [status] }), ['a']);
          await store.close();
        }
      });
    });

    describe('find', () => {
      it('leaves withdrawn alerts out unless asked for', async () => {
        const store = await stored(
          alertOf({ id: 'a' }),
          alertOf({ id: 'b', gatewatch: { status: 'withdrawn' } }),
        );
        assert.deepEqual(await ids(store), ['a']);
        assert.deepEqual(await ids(store, { status: ['withdrawn'] }), ['b']);
        assert.deepEqual((await ids(store, { status: ['open', 'withdrawn'] })).sort(), ['a', 'b']);
        assert.equal((await store.count({})).total, 1);
        await store.close();
      });

      it('filters by each field, alternatives within one, all of several', async () => {
        const store = await stored(
          alertOf({
            id: 'a',
            cluster: 'one',
            namespace: 'x',
            user: 'bob',
            rule: { id: 'r1' },
            severity: 'low',
            gatewatch: { outcome: 'admitted', detection_id: 'AC01' },
          }),
          alertOf({
            id: 'b',
            cluster: 'two',
            namespace: 'y',
            user: 'eve',
            rule: { id: 'r2' },
            severity: 'high',
          }),
          alertOf({ id: 'c', cluster: 'two', severity: 'critical' }),
        );
        const only = async (filter: Partial<AlertQuery>) => (await ids(store, filter)).sort().join('');
        assert.equal(await only({}), 'abc');
        assert.equal(await only({ cluster: ['two'] }), 'bc');
        assert.equal(await only({ cluster: ['one', 'two'] }), 'abc');
        assert.equal(await only({ namespace: ['x', 'y'] }), 'ab');
        assert.equal(await only({ user: ['eve'] }), 'b');
        assert.equal(await only({ rule: ['r1'] }), 'a');
        assert.equal(await only({ detectionId: ['AC01'] }), 'a');
        assert.equal(await only({ severity: ['low', 'critical'] }), 'ac');
        assert.equal(await only({ outcome: ['admitted'] }), 'a');
        assert.equal(await only({ status: ['closed'] }), '');
        assert.equal(await only({ cluster: ['two'], severity: ['high'] }), 'b');
        assert.equal(await only({ cluster: ['one'], severity: ['high'] }), '');
        assert.equal(await only({ cluster: [], user: [] }), 'abc');
        assert.equal(await only({ user: [`eve' OR '1'='1`] }), '');
        await store.close();
      });

      it('filters and counts by any text, whatever it holds', async () => {
        const store = await stored(HOSTILE, PRIVILEGED_POD_DENIED);
        const user = HOSTILE.user?.name ?? '';
        assert.deepEqual(await ids(store, { user: [user] }), [HOSTILE.event.id]);
        const { values } = await store.count({ user: [user] }, 'user');
        assert.deepEqual(values, [{ value: user, count: 1 }]);
        await store.close();
      });

      it('filters by inclusive times to the microsecond', async () => {
        const at = (id: string, time: string) => alertOf({ id, time });
        const store = await stored(
          at('a', '2026-11-22T13:00:00.000001Z'),
          at('b', '2026-11-22T13:00:00.000002Z'),
          at('c', '2026-11-22T13:00:00.000003Z'),
        );
        const from = '2026-11-22T13:00:00.000002Z';
        assert.deepEqual(await ids(store, { from }), ['c', 'b']);
        assert.deepEqual(await ids(store, { to: from }), ['b', 'a']);
        assert.deepEqual(await ids(store, { from, to: from }), ['b']);
        assert.deepEqual(await ids(store, { from: '1970-01-01T00:00:00Z' }), ['c', 'b', 'a']);
        assert.deepEqual(await ids(store, { to: '2000-01-01T00:00:00Z' }), []);
        assert.deepEqual(await ids(store, { from: '2026-11-22T14:00:00.000003+01:00' }), ['c']);
        await assert.rejects(store.find({ ...NEWEST_FIRST, from: 'now' }), {
          code: 'QUERY_INVALID',
          where: 'from',
        });
        await store.close();
      });

      it('sorts by time and by severity, both ways', async () => {
        const store = await stored(
          alertOf({ id: 'a', time: '2026-11-22T13:00:01Z', severity: 'high' }),
          alertOf({ id: 'b', time: '2026-11-22T13:00:02Z', severity: 'low' }),
          alertOf({ id: 'c', time: '2026-11-22T13:00:03Z', severity: 'high' }),
        );
        assert.deepEqual(await ids(store, { sort: 'time', order: 'desc' }), ['c', 'b', 'a']);
        assert.deepEqual(await ids(store, { sort: 'time', order: 'asc' }), ['a', 'b', 'c']);
        assert.deepEqual(await ids(store, { sort: 'severity', order: 'desc' }), ['c', 'a', 'b']);
        assert.deepEqual(await ids(store, { sort: 'severity', order: 'asc' }), ['b', 'a', 'c']);
        await store.close();
      });

      it('refuses a page size that it cannot give', async () => {
        const store = await open();
        for (const limit of [0, -1, 501, 1.5, Number.NaN]) {
          await assert.rejects(store.find({ ...NEWEST_FIRST, limit }), {
            code: 'QUERY_INVALID',
            where: 'limit',
          });
        }
        await store.close();
      });
    });

    describe('cursor', () => {
      // Ten alerts at one time and of three severities: the id alone tells them apart.
      const equals = Array.from({ length: 10 }, (_, i) =>
        alertOf({ id: `e${i}`, severity: SEVERITIES[i % 3]! }),
      );

      it('pages through equal sort keys, each alert once', async () => {
        const store = await stored(...equals);
        for (const sort of ['time', 'severity'] as const) {
          for (const order of ['asc', 'desc'] as const) {
            for (const limit of [1, 3, 5, 10, 11]) {
              const found = await pages(store, { sort, order, limit });
              assert.deepEqual(
                found.flat(),
                await ids(store, { sort, order }),
                `${sort} ${order} by ${limit}`,
              );
              assert.equal(found.length, Math.ceil(10 / limit), `${sort} ${order} by ${limit}`);
            }
          }
        }
        await store.close();
      });

      it('goes on where it was when alerts come and change between pages', async () => {
        const store = await stored(...equals);
        const first = await store.find({ ...NEWEST_FIRST, limit: 4 });
        await store.put([
          alertOf({ id: 'e99', message: 'same time, sorts before the page' }),
          alertOf({ id: 'newer', time: '2026-11-22T14:00:00Z' }),
          alertOf({ id: 'e8', gatewatch: { version: 2, count: 9 } }),
        ]);
        const rest = await store.find({ ...NEWEST_FIRST, cursor: first.next! });
        assert.deepEqual(
          rest.alerts.map((alert) => alert.event.id),
          ['e5', 'e4', 'e3', 'e2', 'e1', 'e0'],
        );
        assert.equal(rest.next, undefined);
        await store.close();
      });

      it('survives the alert it points to', async () => {
        const store = await stored(...equals);
        const first = await store.find({ ...NEWEST_FIRST, limit: 4 });
        await store.put([alertOf({ id: 'e6', gatewatch: { version: 2, status: 'withdrawn' } })]);
        const second = await store.find({ ...NEWEST_FIRST, limit: 2, cursor: first.next! });
        assert.deepEqual(
          second.alerts.map((alert) => alert.event.id),
          ['e5', 'e4'],
        );
        await store.close();
      });

      it('is refused if it is not one of ours, or for another sorting', async () => {
        const store = await stored(...equals);
        const { next } = await store.find({ ...NEWEST_FIRST, limit: 4 });
        assert.match(next!, /^[A-Za-z0-9_-]+$/);
        const forged = [
          '',
          'x',
          ' ',
          `${next} `,
          `${next}A`,
          next!.slice(0, -4),
          '../../etc/passwd',
          'A'.repeat(1_000_000),
          Buffer.from('null').toString('base64url'),
          Buffer.from('[]').toString('base64url'),
          Buffer.from('["time","desc",1,{},"x"]').toString('base64url'),
          Buffer.from('["time","desc",null,null,null]').toString('base64url'),
          Buffer.from(next!, 'base64url').toString('hex'),
        ];
        for (const cursor of forged) {
          await assert.rejects(
            store.find({ ...NEWEST_FIRST, cursor }),
            { code: 'CURSOR_INVALID' },
            cursor.slice(0, 80),
          );
        }
        for (const other of [{ order: 'asc' }, { sort: 'severity' }] as const) {
          await assert.rejects(store.find({ ...NEWEST_FIRST, ...other, cursor: next! }), {
            code: 'CURSOR_INVALID',
          });
        }
        await store.close();
      });
    });

    describe('text', () => {
      it('finds every word as a prefix, in the sentence and in names', async () => {
        const store = await stored(
          PRIVILEGED_POD_DENIED,
          alertOf({ id: 'other', user: 'eve', cluster: 'staging' }),
        );
        const found = [
          'privileged',
          'PRIVIL',
          'r00t bob',
          'payments prod-eu',
          'prod-e',
          '  tried   create ',
          'pod-security',
          'baseline:latest',
          'attempted',
          '"r00t"',
          'r00t"',
          'pods',
        ];
        for (const text of found) {
          assert.deepEqual(await ids(store, { text }), [PRIVILEGED_POD_DENIED.event.id], text);
        }
        for (const text of ['r00t eve', 'ivileged', 'nothing'])
          assert.deepEqual(await ids(store, { text }), [], text);
        assert.deepEqual(await ids(store, { text: 'eve' }), ['other']);
        assert.equal((await ids(store, { text: ' \t' })).length, 2, 'blank text does not restrict');
        assert.equal((await store.count({ text: 'bob' })).total, 1);
        await store.close();
      });

      it('treats no input as syntax', async () => {
        const store = await stored(PRIVILEGED_POD_DENIED, HOSTILE);
        const hostile = [
          '"',
          '""',
          '"" OR ""',
          'a AND',
          'NOT',
          'OR OR OR',
          'NEAR(a b, 5)',
          'message:r00t',
          '{message names}: x',
          '^r00t',
          '*',
          '- + ( ) { } [ ] ^ ~ : \\ / ? % _',
          'r00t*"; DROP TABLE alerts; --',
          '\u0000',
          'a\u0000b',
          '\ud800',
          'a'.repeat(1_000_000),
          'a '.repeat(500_000),
          '" '.repeat(10_000),
          '\u202e\u200b',
          '🙂',
          '日本',
        ];
        for (const text of hostile) {
          await store.find({ ...NEWEST_FIRST, text });
          await store.count({ text }, 'user');
        }
        assert.deepEqual(await ids(store, { text: '!!!' }), [], 'no word to look for finds nothing');
        assert.equal((await store.count({})).total, 2);
        await store.close();
      });
    });

    describe('count', () => {
      it('counts by each field, most frequent first', async () => {
        const store = await stored(
          alertOf({ id: 'a', user: 'bob', namespace: 'x', severity: 'high' }),
          alertOf({ id: 'b', user: 'bob', severity: 'high', rule: { id: 'r2', name: 'Second' } }),
          alertOf({ id: 'c', user: 'eve', severity: 'low', gatewatch: { detection_id: 'AC01' } }),
          alertOf({ id: 'd', user: 'eve', gatewatch: { status: 'withdrawn' } }),
        );
        assert.deepEqual(await store.count({}, 'user'), {
          total: 3,
          values: [
            { value: 'bob', count: 2 },
            { value: 'eve', count: 1 },
          ],
        });
        assert.deepEqual((await store.count({}, 'severity')).values, [
          { value: 'high', count: 2 },
          { value: 'low', count: 1 },
        ]);
        assert.deepEqual((await store.count({}, 'rule')).values, [
          { value: 'rule-a', label: 'Rule A', count: 2 },
          { value: 'r2', label: 'Second', count: 1 },
        ]);
        assert.deepEqual(await store.count({}, 'namespace'), {
          total: 3,
          values: [{ value: 'x', count: 1 }],
        });
        assert.deepEqual((await store.count({}, 'detectionId')).values, [{ value: 'AC01', count: 1 }]);
        assert.deepEqual((await store.count({}, 'cluster')).values, [{ value: 'prod-eu', count: 3 }]);
        assert.deepEqual((await store.count({}, 'outcome')).values, [{ value: 'denied', count: 3 }]);
        assert.deepEqual((await store.count({ status: ['withdrawn'] }, 'status')).values, [
          { value: 'withdrawn', count: 1 },
        ]);
        assert.deepEqual(await store.count({ user: ['eve'] }, 'severity'), {
          total: 1,
          values: [{ value: 'low', count: 1 }],
        });
        await store.close();
      });

      it('lists the 100 most frequent values and counts all', async () => {
        const store = await stored(
          ...Array.from({ length: 120 }, (_, i) => alertOf({ id: `u${i}`, user: `user-${i}` })),
        );
        const { total, values } = await store.count({}, 'user');
        assert.equal(total, 120);
        assert.equal(values.length, 100);
        await store.close();
      });
    });
  });
}
