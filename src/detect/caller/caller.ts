import { type JsonObject, lastStringOf, member, objectOf, stringOf, stringsOf } from '../decode/json.ts';
import { type EventFields, textsOf } from '../sigma/event.ts';
import { type Client, clientOf } from './client.ts';
import { type ActorKind, actorKind } from './kind.ts';

/** Top-level fields of an audit event that say who asked, whence and with what. */
export const CALLER_FIELDS: ReadonlySet<string> = new Set([
  'user',
  'impersonatedUser',
  'authenticationMetadata',
  'sourceIPs',
  'userAgent',
]);

const GROUPS_MAX = 20;

/** Who asked for something, whence and with what, as authenticated. Rules read it by `field`, as a part of the event. */
export class Caller implements EventFields {
  readonly #fields: JsonObject;
  /** Name of the user who was authenticated; empty if nobody was. */
  readonly name: string;
  /** Whose identity was taken on by impersonation. */
  readonly actingAs: string | undefined;
  /** The peer's address: the last of `sourceIPs`, the only one that a client cannot choose. */
  readonly sourceIp: string | undefined;
  readonly userAgent: string | undefined;
  /** True if another event with the same caller is likely to follow, so that what is known of this one is worth remembering. */
  readonly recurs: boolean;
  readonly kind: ActorKind;
  #client: Client | undefined;

  /** @param fields those of `CALLER_FIELDS`, of any types */
  constructor(fields: JsonObject, recurs = false) {
    this.#fields = fields;
    this.name = stringOf(member(fields.user, 'username')) ?? '';
    this.actingAs = stringOf(member(fields.impersonatedUser, 'username'));
    this.sourceIp = lastStringOf(fields.sourceIPs);
    this.userAgent = stringOf(fields.userAgent);
    this.recurs = recurs;
    this.kind = actorKind(this.name);
  }

  field(root: string): unknown {
    if (root === 'gatewatch') return { client: this.client };
    return member(this.#fields, root);
  }

  keywords(): readonly string[] {
    return [...textsOf(this.#fields)];
  }

  get groups(): readonly string[] {
    return stringsOf(member(this.#fields.user, 'groups'), GROUPS_MAX);
  }

  get impersonates(): boolean {
    return objectOf(this.#fields.impersonatedUser) !== undefined;
  }

  get client(): Client {
    this.#client ??= clientOf(this);
    return this.#client;
  }
}
