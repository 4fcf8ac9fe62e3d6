import { lastBefore, type Moment, placeOf } from './moment.ts';

/** The object that made another one and answers for it: its owner reference with `controller: true`. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
}

/** An object as one write left it. */
export interface ObjectVersion extends Moment {
  /** Who wrote it, as authenticated; absent if it was only read. */
  readonly user?: string;
  readonly owner?: Owner;
  /** The service account under which a workload runs; absent for other objects, and for what another object has made. */
  readonly account?: string;
  /** JSON of the part of the object that is remembered; absent if it was deleted, or is too large. */
  readonly body?: string;
}

/** Versions kept of one object: enough that an event may be read again, or late by a few changes, and find what came before it. */
const VERSIONS_MAX = 16;

/** The last known versions of one object over event time. */
export class ObjectHistory {
  readonly versions: readonly ObjectVersion[];

  constructor(versions: readonly ObjectVersion[] = []) {
    this.versions = versions;
  }

  /** The version that a request found; undefined if none was seen. */
  before(moment: Moment): ObjectVersion | undefined {
    return lastBefore(this.versions, moment);
  }

  /** Whether a request has left one of the versions. */
  holds(request: string): boolean {
    return this.versions.some((version) => version.request === request);
  }

  /** The history without the version that a request has left, or itself. */
  without(request: string): ObjectHistory {
    const versions = this.versions.filter((version) => version.request !== request);
    return versions.length === this.versions.length ? this : new ObjectHistory(versions);
  }

  /** The history with one more version, or itself if it changes nothing: an unchanged object keeps the author of its last change. */
  with(version: ObjectVersion): ObjectHistory {
    if (this.holds(version.request)) return this;
    const known = this.before(version);
    if (known && known.body === version.body) return this;
    const at = placeOf(this.versions, version);
    const versions = this.versions.toSpliced(at, 0, version).slice(-VERSIONS_MAX);
    return versions.includes(version) ? new ObjectHistory(versions) : this;
  }
}

/** The service accounts under which versions of a workload run. */
export function accountsOf(versions: readonly ObjectVersion[]): string[] {
  return versions.flatMap(({ account }) => account ?? []);
}
