import { DatabaseSync } from 'node:sqlite';
import { after } from 'node:test';
import { EmbeddedAlertStore } from '../../src/index/embedded/store.ts';
import { removeShared } from '../servers/shared.ts';
import {
  freshNamespace,
  openStore,
  removeNamespace,
  sharedClient,
} from '../unit/index/elasticsearch/support.ts';
import { alertStoreContract } from './alert-store.ts';

alertStoreContract('embedded', async () => new EmbeddedAlertStore(new DatabaseSync(':memory:')));

alertStoreContract('elasticsearch', async () => {
  const client = await sharedClient();
  const namespace = freshNamespace();
  const store = await openStore(client, namespace);
  store.close = async () => {
    await removeNamespace(client, namespace);
    await client.close();
  };
  return store;
});

after(removeShared);
