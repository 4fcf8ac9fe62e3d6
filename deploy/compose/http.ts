/** JSON over HTTP with a login, for what sets up Elasticsearch and Kibana after their start. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** @throws if the server refuses */
export async function ask(
  { url, username, password }: Server,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const login = Buffer.from(`${username}:${password}`).toString('base64');
  const form = body instanceof FormData;
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Basic ${login}`,
      'kbn-xsrf': 'gatewatch',
      ...(body && !form ? { 'content-type': 'application/json' } : {}),
    },
    body: form ? body : (JSON.stringify(body) ?? null),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new Error(`${method} ${path}: ${response.status} ${text}`);
}

/** Tries until it works, because a server that listens may not be ready yet. */
export async function patiently<T>(work: () => Promise<T>, { tries = 60, pauseMs = 2000 } = {}): Promise<T> {
  for (let left = tries; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left <= 1) throw error;
      await sleep(pauseMs);
    }
  }
}
