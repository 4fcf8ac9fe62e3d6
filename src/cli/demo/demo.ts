import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Config } from '../../config/schema.ts';
import { addCluster } from '../../credentials/clusters-file.ts';
import { generateToken, tokenDigest } from '../../credentials/tokens.ts';
import type { Served } from '../../serve/serve.ts';

/** Name of the cluster that the demonstration's events belong to. */
const CLUSTER = 'demo';

/** Events posted at a time, and the pause between, milliseconds: quick enough that there is something to see at once. */
const BATCH_EVENTS = 20;
const PAUSE_MS = 150;

/**
 * Posts a recording of a real kube-apiserver as the API server would: EventLists over HTTP, with the cluster's token. Posting it
 * again changes nothing, so it is done at every start.
 */
export async function playDemo(config: Config, served: Served, say: (line: string) => void): Promise<void> {
  const token = generateToken('audit');
  const cluster = {
    name: CLUSTER,
    audit_token_sha256: [tokenDigest(token)],
    admission_token_sha256: [],
    decision_token_sha256: [],
    client_certificate_names: [],
  };
  await addCluster(config.data_dir, cluster, { replace: true });
  await served.reloadClusters();
  const recording = gunzipSync(await readFile(new URL('./recording.ndjson.gz', import.meta.url)));
  const events = recording
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  say(
    `  Demonstration: posting ${events.length} events of a real API server, attacked, as cluster ${CLUSTER} (--no-demo leaves it out) …`,
  );
  for (let at = 0; at < events.length; at += BATCH_EVENTS) {
    const items = events.slice(at, at + BATCH_EVENTS).join(',');
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`;
    await post(`${served.url}/v1/audit/${CLUSTER}`, token, body);
    await sleep(PAUSE_MS);
  }
  say('  Demonstration: all posted. The alerts are in the console.');
}

async function post(url: string, token: string, body: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  const { ok, status } = await fetch(url, { method: 'POST', headers, body });
  if (!ok) throw new Error(`The demonstration's events were answered with ${status}.`);
}
