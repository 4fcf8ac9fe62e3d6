import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configSchema } from '../../src/config/schema.ts';
import { generateToken, tokenDigest } from '../../src/credentials/tokens.ts';
import { serve } from '../../src/serve/serve.ts';
import { type Benchmark, race, rates } from './measure.ts';
import { Poster } from './poster.ts';
import { recordedLines } from './recording.ts';

/** Items a batch, the API server's default maximum. */
const BATCH = 400;

/** Requests in flight at a time. */
const CONNECTIONS = 8;

/**
 * The receiver over HTTP with the embedded log, every batch on the disk before its answer, beside JSON.parse of the same bodies. The
 * stages run meanwhile, as they do in `serve`.
 */
export const receiveEmbedded: Benchmark = {
  name: 'receive.embedded',
  async run() {
    const { lines, source } = recordedLines();
    const folder = mkdtempSync(join(tmpdir(), 'gatewatch-bench-'));
    const token = generateToken('audit');
    const config = configSchema.parse({
      data_dir: folder,
      http: { port: 0 },
      https: { enabled: false },
      clusters: [{ name: 'bench', audit_token_sha256: [tokenDigest(token)] }],
      logging: { level: 'error' },
    });
    const served = await serve(config, 'bench');
    const bodies: Buffer[] = [];
    for (let at = 0; at < lines.length; at += BATCH) {
      const items = lines.slice(at, at + BATCH).join(',');
      bodies.push(
        Buffer.from(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}`),
      );
    }
    const url = new URL('/v1/audit/bench', served.url).href;
    const poster = await Poster.start({ url, token, connections: CONNECTIONS, bodies });
    try {
      const seconds = await race(
        () => poster.post(),
        () => {
          for (const body of bodies) JSON.parse(body.toString());
        },
      );
      const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
      return rates(
        lines.length,
        bytes,
        seconds,
        'JSON.parse',
        `${source}, batches of ${BATCH}, ${CONNECTIONS} connections`,
      );
    } finally {
      await poster.end();
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
