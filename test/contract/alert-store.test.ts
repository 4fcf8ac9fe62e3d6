import { DatabaseSync } from 'node:sqlite';
import { EmbeddedAlertStore } from '../../src/index/embedded/store.ts';
import { alertStoreContract } from './alert-store.ts';

alertStoreContract('embedded', async () => new EmbeddedAlertStore(new DatabaseSync(':memory:')));
