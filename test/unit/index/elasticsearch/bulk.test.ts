import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GatewatchError } from '../../../../src/errors.ts';
import { BulkWriter, type Write } from '../../../../src/index/elasticsearch/bulk.ts';
import { type Answer, type Asked, StandIn } from './stand-in.ts';

const FULL = { type: 'es_rejected_execution_exception', reason: 'rejected execution of a bulk' };

function writes(count: number, text = ''): Write[] {
  return Array.from({ length: count }, (_, at) => ({
    index: 'i',
    id: `${at}`,
    document: JSON.stringify({ at, text }),
  }));
}

/** Ids of the documents in a bulk request. */
function idsOf({ body }: Asked): string[] {
  return body
    .trim()
    .split('\n')
    .filter((_, line) => line % 2 === 0)
    .map((line) => JSON.parse(line).create._id);
}

function items(asked: Asked, itemOf: (id: string) => object = () => ({ status: 201 })): Answer {
  return { body: { items: idsOf(asked).map((id) => ({ create: itemOf(id) })) } };
}

function codes(written: readonly unknown[]): unknown[] {
  return written.map((result) => (result instanceof GatewatchError ? result.code : result));
}

describe('BulkWriter', () => {
  it('splits by bytes and by number, and says in order what became of each', async () => {
    await using server = await StandIn.start((asked) => {
      assert.ok(Buffer.byteLength(asked.body) <= 2000);
      return items(asked, (id) =>
        id === '7' ? { status: 409, error: { type: 'version_conflict' } } : { status: 201 },
      );
    });
    const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 2000 });
    const written = await bulk.write(writes(50, 'é'.repeat(100)));
    assert.deepEqual(
      written,
      Array.from({ length: 50 }, (_, at) => (at === 7 ? 'conflict' : 'stored')),
    );
    assert.ok(server.asked.length > 5 && server.asked.length < 15);

    const all = new BulkWriter(server.client(), { bulk_bytes_max: 1_000_000 });
    server.asked.length = 0;
    await all.write(writes(0));
    assert.equal(server.asked.length, 0);
  });

  it('sends a document that alone is larger than a request may be', async () => {
    await using server = await StandIn.start((asked) => items(asked));
    const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 10 });
    assert.deepEqual(await bulk.write(writes(3)), ['stored', 'stored', 'stored']);
    assert.equal(server.asked.length, 3);
  });

  it('sends again only what there was no room for', async () => {
    await using server = await StandIn.start((asked, count) =>
      items(asked, (id) => (count <= 2 && id !== '0' ? { status: 429, error: FULL } : { status: 201 })),
    );
    const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 1_000_000 });
    assert.deepEqual(await bulk.write(writes(3)), ['stored', 'stored', 'stored']);
    assert.deepEqual(server.asked.map(idsOf), [
      ['0', '1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  it('gives up when there is no room for long, for documents or for whole requests', async () => {
    const answers: ((asked: Asked) => Answer)[] = [
      (asked) => items(asked, () => ({ status: 429, error: FULL })),
      (asked) =>
        items(asked, () => ({
          status: 503,
          error: { type: 'unavailable_shards_exception', reason: 'no primary' },
        })),
      () => ({
        status: 429,
        body: { error: { type: 'circuit_breaking_exception', reason: 'Data too large' } },
      }),
    ];
    await Promise.all(
      answers.map(async (answer) => {
        await using server = await StandIn.start(answer);
        const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 1_000_000 });
        await assert.rejects(bulk.write(writes(2)), {
          code: 'STORE_UNAVAILABLE',
          message: /rejected|no primary|too large/,
        });
        assert.equal(server.asked.length, 4);
      }),
    );
  });

  it('halves a request that is too large for the server, down to a document that never fits', async () => {
    await using server = await StandIn.start((asked) =>
      idsOf(asked).length > 2 || asked.body.includes('huge') ? { status: 413, body: {} } : items(asked),
    );
    const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 1_000_000 });
    const some = writes(9);
    some[4] = { ...some[4]!, document: '{"text":"huge"}' };
    const expected = Array.from({ length: 9 }, (_, at) => (at === 4 ? 'STORE_REFUSED_DOCUMENT' : 'stored'));
    assert.deepEqual(codes(await bulk.write(some)), expected);
  });

  it('says what is wrong with a document, and stops at once for what is wrong with the index', async () => {
    const mapping = {
      type: 'document_parsing_exception',
      reason: 'failed',
      caused_by: { reason: 'not a date' },
    };
    await using server = await StandIn.start((asked) =>
      items(asked, () => ({ status: 400, error: mapping })),
    );
    const bulk = new BulkWriter(server.client(), { bulk_bytes_max: 1_000_000 });
    const [error] = await bulk.write(writes(1));
    assert.deepEqual(
      { code: (error as GatewatchError).code, message: (error as GatewatchError).message },
      { code: 'STORE_REFUSED_DOCUMENT', message: 'failed: not a date.' },
    );
    const block = { type: 'cluster_block_exception', reason: 'disk usage exceeded flood-stage watermark' };
    for (const [item, code] of [
      [{ status: 429, error: block }, 'STORE_READ_ONLY'],
      [{ status: 403, error: block }, 'STORE_READ_ONLY'],
      [{ status: 403, error: { type: 'security_exception', reason: 'unauthorized' } }, 'STORE_NOT_ALLOWED'],
    ] as const) {
      await using other = await StandIn.start((asked) => items(asked, () => item));
      await assert.rejects(new BulkWriter(other.client(), { bulk_bytes_max: 1000 }).write(writes(1)), {
        code,
      });
      assert.equal(other.asked.length, 1);
    }
  });

  it('does not wait for ever, and says that nobody answers', async () => {
    await using silent = await StandIn.start(() => undefined);
    const options = { bulk_bytes_max: 1000 };
    const timeout = { code: 'STORE_UNAVAILABLE', message: /timed out/ };
    await assert.rejects(new BulkWriter(silent.client(200), options).write(writes(1)), timeout);
    const gone = await StandIn.start(() => undefined);
    const client = gone.client();
    await gone[Symbol.asyncDispose]();
    const refused = { code: 'STORE_UNAVAILABLE', message: /ECONNREFUSED/ };
    await assert.rejects(new BulkWriter(client, options).write(writes(1)), refused);
  });
});
