import { LRUCache } from 'lru-cache';
import { Posture, type PostureEntry } from '../namespace/posture.ts';
import { changesBetween, inOrder, type Moment } from './moment.ts';
import { accountsOf, ObjectHistory, type ObjectVersion } from './object-history.ts';

/** Limits of what a detector remembers; each is a key of the configuration. */
export interface MemoryLimits {
  readonly namespaces_max: number;
  readonly objects_bytes_max: number;
  readonly object_bytes_max: number;
}

/** Told when a limit is reached, so that it is counted. */
export type LimitReached = (limit: keyof MemoryLimits) => void;

/** One thing that was learnt, or let go. */
export interface MemoryChange {
  /** Key of the records that it was learnt from: cluster and namespace. */
  readonly key: string;
  /** Which object of the namespace, for example `deployments/web`; absent for the namespace's own posture. */
  readonly object?: string;
  readonly entry: PostureEntry | ObjectVersion;
  readonly kept: boolean;
}

/** Share of the bytes that is for what was deleted. In some clusters that is thousands of pods and jobs each day. */
const GONE_SHARE = 1 / 8;

/** Stands between the key of the records and the object's path; it cannot occur in either. */
const SEPARATOR = '\u0000';

/**
 * What a detector knows of the past, namespace by namespace as records are keyed: labels of namespaces, and objects whose changes mean
 * something only beside what they were. Bounded: what was not asked for longest is let go.
 */
export class Memory {
  readonly #postures: LRUCache<string, Posture>;
  readonly #living: LRUCache<string, ObjectHistory>;
  /** Objects that were deleted: of use as long as what was before may arrive, or who makes them anew. */
  readonly #gone: LRUCache<string, ObjectHistory>;
  /** Paths of the objects remembered, by key of their records. */
  readonly #paths = new Index();
  /** Paths of workloads, by key of their records and the service account under which any of their versions runs. */
  readonly #runners = new Index();
  readonly #limits: MemoryLimits;
  readonly #limitReached: LimitReached;
  #changes: MemoryChange[] = [];

  constructor(limits: MemoryLimits, limitReached: LimitReached = () => {}) {
    this.#limits = limits;
    this.#limitReached = limitReached;
    this.#postures = new LRUCache({
      max: limits.namespaces_max,
      dispose: ({ entries }, key, reason) => {
        if (reason !== 'evict') return;
        limitReached('namespaces_max');
        for (const entry of entries) this.#changes.push({ key, entry, kept: false });
      },
    });
    // That what was deleted is forgotten one day is no limit that somebody has to know of.
    this.#gone = this.#newObjects(limits.objects_bytes_max * GONE_SHARE, () => {});
    this.#living = this.#newObjects(limits.objects_bytes_max * (1 - GONE_SHARE), () =>
      limitReached('objects_bytes_max'),
    );
  }

  #newObjects(bytesMax: number, limitReached: () => void): LRUCache<string, ObjectHistory> {
    return new LRUCache({
      maxSize: Math.ceil(bytesMax),
      sizeCalculation: ({ versions }, key) =>
        versions.reduce((size, version) => size + sizeOf(version), key.length + 1),
      dispose: ({ versions }, place, reason) => {
        if (reason !== 'evict') return;
        limitReached();
        const [key, object] = placeOf(place);
        this.#paths.delete(key, object);
        for (const account of accountsOf(versions)) this.#runners.delete(key + SEPARATOR + account, object);
        for (const entry of versions) this.#changes.push({ key, object, entry, kept: false });
      },
    });
  }

  posture(key: string): Posture | undefined {
    return this.#postures.get(key);
  }

  object(key: string, path: string): ObjectHistory | undefined {
    const place = key + SEPARATOR + path;
    return this.#living.get(place) ?? this.#gone.get(place);
  }

  /** Paths of the objects remembered of one namespace. */
  paths(key: string): Iterable<string> {
    return this.#paths.get(key);
  }

  /** Paths of its workloads that run under a service account, or did. */
  runners(key: string, account: string): Iterable<string> {
    return this.#runners.get(key + SEPARATOR + account);
  }

  /** Takes back what earlier calls have learnt. */
  restore(changes: Iterable<MemoryChange>): void {
    const objects = new Map<string, ObjectVersion[]>();
    const postures = new Map<string, PostureEntry[]>();
    for (const { key, object, entry } of changes) {
      if (object === undefined) add(postures, key, entry as PostureEntry);
      else add(objects, key + SEPARATOR + object, entry);
    }
    for (const [key, entries] of postures) this.#postures.set(key, Posture.of(entries));
    for (const [place, versions] of objects)
      this.#remember(place, new ObjectHistory(versions.toSorted(inOrder)));
    this.#changes = [];
  }

  /**
   * Learns what a request has shown of its namespace.
   * @param former the same request, if it has shown something else before: that is let go
   * @returns whether anything is known now that was not, or the other way round
   */
  learnPosture(key: string, entry: PostureEntry | undefined, former?: string): boolean {
    const known = this.#postures.get(key) ?? new Posture();
    const rest = former === undefined ? known : known.without(former);
    const posture = entry ? rest.with(entry) : rest;
    if (posture === known || (rest !== known && saysTheSame(posture.entries, known.entries))) return false;
    this.#postures.set(key, posture);
    this.#tell(key, undefined, known.entries, posture.entries);
    return true;
  }

  /** The same of an object. */
  learnObject(key: string, object: string, version: ObjectVersion | undefined, former?: string): boolean {
    const place = key + SEPARATOR + object;
    const known = this.object(key, object) ?? new ObjectHistory();
    const rest = former === undefined ? known : known.without(former);
    const history = version && !rest.holds(version.request) ? rest.with(this.#bounded(version)) : rest;
    if (history === known || (rest !== known && saysTheSame(history.versions, known.versions))) return false;
    this.#tell(key, object, known.versions, history.versions);
    this.#remember(place, history);
    return true;
  }

  /** What has changed since the last call; whoever keeps the memory does the same. */
  take(): readonly MemoryChange[] {
    const changes = this.#changes;
    if (changes.length > 0) this.#changes = [];
    return changes;
  }

  #remember(place: string, history: ObjectHistory): void {
    const [key, object] = placeOf(place);
    const { versions } = history;
    const known = this.#living.peek(place) ?? this.#gone.peek(place);
    const { gone, came } = changesBetween(known?.versions ?? [], versions);
    const accounts = accountsOf(came);
    for (const account of accounts) this.#runners.add(key + SEPARATOR + account, object);
    for (const account of accountsOf(gone))
      if (!accounts.includes(account) && !accountsOf(versions).includes(account))
        this.#runners.delete(key + SEPARATOR + account, object);
    this.#paths.add(key, object);
    const [objects, others] = versions.at(-1)?.body ? [this.#living, this.#gone] : [this.#gone, this.#living];
    others.delete(place);
    objects.set(place, history);
  }

  #bounded(version: ObjectVersion): ObjectVersion {
    const { body = '', ...rest } = version;
    if (body.length <= this.#limits.object_bytes_max) return version;
    this.#limitReached('object_bytes_max');
    return rest;
  }

  #tell(
    key: string,
    object: string | undefined,
    before: readonly MemoryChange['entry'][],
    after: readonly MemoryChange['entry'][],
  ): void {
    const place = object === undefined ? { key } : { key, object };
    const { gone, came } = changesBetween(before, after);
    // What one request has shown may be told anew: the last word counts.
    for (const entry of gone) this.#changes.push({ ...place, entry, kept: false });
    for (const entry of came) this.#changes.push({ ...place, entry, kept: true });
  }
}

/** Sets of paths by something that they have in common. */
class Index {
  readonly #sets = new Map<string, Set<string>>();

  get(common: string): Iterable<string> {
    return this.#sets.get(common) ?? [];
  }

  add(common: string, path: string): void {
    const paths = this.#sets.get(common);
    if (paths) paths.add(path);
    else this.#sets.set(common, new Set([path]));
  }

  delete(common: string, path: string): void {
    const paths = this.#sets.get(common);
    if (paths?.delete(path) && paths.size === 0) this.#sets.delete(common);
  }
}

/** What is kept beside a body: when and by whom it was written. */
const VERSION_CHARS = 128;

function sizeOf({ body = '', user = '' }: ObjectVersion): number {
  return VERSION_CHARS + user.length + body.length;
}

function saysTheSame(a: readonly Moment[], b: readonly Moment[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}

function placeOf(place: string): [key: string, object: string] {
  const end = place.indexOf(SEPARATOR);
  return [place.slice(0, end), place.slice(end + 1)];
}

function add<Entry>(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const entries = map.get(key);
  if (entries) entries.push(entry);
  else map.set(key, [entry]);
}
