import type { EventTime } from '../record/time.ts';
import type { Request } from './decode/request.ts';
import type { Memory } from './memory/memory.ts';
import { inOrder, type Moment } from './memory/moment.ts';
import type { ObjectVersion } from './memory/object-history.ts';
import type { Labels } from './namespace/labels.ts';
import type { Known } from './namespace/posture.ts';
import { NO_TIME, type Recent } from './recent.ts';
import type { Past } from './view.ts';

/** What of the past may be asked for, besides objects by their path. */
export const POSTURE = '';
/** All of them, and then nothing else matters. */
const OBJECTS = '*';
/** Those that run under a service account. It begins no path. */
export const ACCOUNT = '@';

/** What was known before a request, looked up when it is asked for: most requests ask for nothing. */
export class Recollection implements Past, Moment {
  readonly #memory: Memory;
  readonly #request: Request;
  #asked: string[] | undefined;

  constructor(memory: Memory, request: Request) {
    this.#memory = memory;
    this.#request = request;
  }

  /** What was asked for: paths of objects, the namespace's posture, all objects. */
  get asked(): readonly string[] {
    return this.#asked ?? NEVER;
  }

  asks(thing: string): void {
    if (!this.#asked) this.#asked = [thing];
    // Who asks for all of them goes through them one by one.
    else if (this.#asked.at(-1) !== OBJECTS && !this.#asked.includes(thing)) this.#asked.push(thing);
  }

  get time(): EventTime {
    return this.#request.time ?? NO_TIME;
  }

  get request(): string {
    return this.#request.requestId;
  }

  get namespace(): Known {
    this.asks(POSTURE);
    return this.#memory.posture(this.#request.record.key)?.before(this) ?? {};
  }

  wasLabelled(labels: Labels): boolean {
    this.asks(POSTURE);
    return this.#memory.posture(this.#request.record.key)?.had(this, labels) ?? false;
  }

  object(path: string): ObjectVersion | undefined {
    this.asks(path);
    return this.#memory.object(this.#request.record.key, path)?.before(this);
  }

  versions(path: string): readonly ObjectVersion[] {
    this.asks(path);
    const { versions = [] } = this.#memory.object(this.#request.record.key, path) ?? {};
    return versions.filter((version) => inOrder(version, this) < 0);
  }

  *runBy(account: string): Iterable<string> {
    this.asks(ACCOUNT + account);
    const { key } = this.#request.record;
    for (const path of this.#memory.runners(key, account)) {
      const version = this.#memory.object(key, path)?.before(this);
      if (version?.account === account) yield path;
    }
  }

  get paths(): Iterable<string> {
    this.asks(OBJECTS);
    return this.#memory.paths(this.#request.record.key);
  }
}

/** What most ask for. */
export const NEVER: readonly string[] = [];

/** Whether a record asked for any of some things. */
export function dependsOn({ asked }: Recent, changed: ReadonlySet<string>): boolean {
  return asked.includes(OBJECTS) || asked.some((one) => changed.has(one));
}
