import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { checkServer } from '../../../../src/index/elasticsearch/server.ts';
import { removeShared } from '../../../servers/shared.ts';
import { type Answer, StandIn } from './stand-in.ts';
import { sharedClient } from './support.ts';

const versions = (...all: string[]) => ({
  nodes: Object.fromEntries(all.map((version, at) => [`node${at}`, { version }])),
});

async function check(answer: Answer): Promise<string | undefined> {
  await using server = await StandIn.start(() => answer);
  return await checkServer(server.client());
}

describe('checkServer', () => {
  after(removeShared);

  it('tells the version of a real server', async () => {
    const client = await sharedClient();
    assert.match((await checkServer(client))!, /^8\.\d+\.\d+$/);
    await client.close();
  });

  it('goes by the oldest node', async () => {
    assert.equal(await check({ body: versions('9.1.0', '8.13.0', '8.19.2') }), '8.13.0');
    await assert.rejects(check({ body: versions('9.1.0', '8.12.2') }), {
      code: 'STORE_UNSUPPORTED',
      message: /8\.12\.2/,
    });
    assert.equal(await check({ body: versions('10.0.0-SNAPSHOT') }), '10.0.0-SNAPSHOT');
  });

  it('refuses other products and versions before 8', async () => {
    const unsupported = { code: 'STORE_UNSUPPORTED' };
    await assert.rejects(check({ body: versions('2.19.0'), product: null }), unsupported);
    await assert.rejects(
      check({ status: 404, body: { message: 'no such page' }, product: null }),
      unsupported,
    );
    const mediaType = {
      type: 'media_type_header_exception',
      reason: 'Invalid media-type value on headers [Accept]',
    };
    await assert.rejects(check({ status: 400, body: { error: mediaType, status: 400 } }), unsupported);
    await assert.rejects(
      check({ status: 406, body: { error: 'Content-Type header is not supported' } }),
      unsupported,
    );
    await assert.rejects(
      check({ status: 410, body: { error: { type: 'api_not_available_exception' } } }),
      unsupported,
    );
  });

  it('lets a user pass who may not know the version', async () => {
    const error = {
      type: 'security_exception',
      reason: 'action [cluster:monitor/nodes/info] is unauthorized',
    };
    assert.equal(await check({ status: 403, body: { error } }), undefined);
  });
});
