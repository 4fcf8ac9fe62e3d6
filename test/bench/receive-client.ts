/** Child process of the receive benchmark: posts the bodies it was given, as often as it is told to. */
import { Agent, request } from 'node:http';

interface Start {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  /** Bodies, base64. */
  readonly bodies: readonly string[];
}

let post: () => Promise<void> = async () => {};

process.on('message', async (message: Start | 'go') => {
  if (message === 'go') await post();
  else post = prepare(message);
  process.send?.('done');
});

function prepare({ url, token, connections, bodies }: Start): () => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const buffers = bodies.map((body) => Buffer.from(body, 'base64'));
  const send = (body: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        'Content-Length': body.length,
      };
      const sent = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`answered ${response.statusCode}`)),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return async () => {
    await Promise.all(buffers.map(send));
  };
}
