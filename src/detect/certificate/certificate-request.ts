import { anyOf, at, stringOf } from '../decode/json.ts';
import type { Request } from '../decode/request.ts';

/** Whom a CertificateSigningRequest asks to be: the API server takes the common name for the user and the organizations for the groups. */
export interface CertificateSubject {
  readonly common_name?: string;
  readonly organization?: readonly string[];
}

/** Blocks of PEM, whatever stands before, between and behind them (Go's encoding/pem). */
const BLOCKS = /^-----BEGIN CERTIFICATE REQUEST-----[ \t\r]*\n([\s\S]*?)(?:^-----END |(?![\s\S]))/gm;

/** A block may begin with lines of headers. */
const HEADERS = /^.*:.*$/gm;

/** A block of anything else is passed over, as Go does. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Attribute types of a name (RFC 4519), as the bytes of their object identifiers. */
const COMMON_NAME = '550403';
const ORGANIZATION = '55040a';

const TAG = { integer: 0x02, bmpString: 0x1e, sequence: 0x30, set: 0x31 } as const;

/** Tags of the kinds of text that Go's crypto/x509 reads: UTF8String, NumericString, PrintableString, TeletexString, IA5String, BMPString. */
const TEXTS = new Set([0x0c, 0x12, 0x13, 0x14, 0x16, TAG.bmpString]);

/** True if the request concerns a request for a certificate. */
export function asksForCertificate({ ref }: Pick<Request, 'ref'>): boolean {
  return ref.resource === 'certificatesigningrequests';
}

/**
 * The subject that a CertificateSigningRequest was made, approved or changed for.
 * @returns undefined for another resource, and where no request can be read
 */
export function certificateSubject(request: Request): CertificateSubject | undefined {
  if (!asksForCertificate(request)) return undefined;
  const encoded =
    stringOf(at(request.responseObject, 'spec', 'request')) ??
    stringOf(at(request.requestObject, 'spec', 'request'));
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  for (const [, block = ''] of text.matchAll(BLOCKS)) {
    const inner = block.replaceAll(HEADERS, '').replaceAll(/\s/g, '');
    if (BASE64.test(inner)) return subjectOf(Buffer.from(inner, 'base64'));
  }
  return undefined;
}

/**
 * Reads a PKCS #10 request as far as its subject (RFC 2986): a sequence that begins with a sequence of a version, an integer, and the
 * subject, a sequence of sets of attributes.
 */
function subjectOf(der: Buffer): CertificateSubject | undefined {
  const info = first(first(der, TAG.sequence), TAG.sequence);
  const version = element(info, 0);
  if (version?.tag !== TAG.integer) return undefined;
  const subject = element(info, version.end);
  if (subject?.tag !== TAG.sequence) return undefined;
  const attributes = elements(subject.content)
    .filter(({ tag }) => tag === TAG.set)
    .flatMap(({ content }) => elements(content))
    .map(({ content }) => elements(content));
  const valuesOf = (type: string) =>
    attributes.flatMap(([key, value]) =>
      key?.content.toString('hex') === type && value && TEXTS.has(value.tag) ? textOf(value) : [],
    );
  // Of several common names Go, and so the API server, takes the last.
  const commonName = valuesOf(COMMON_NAME).at(-1);
  const organization = anyOf(valuesOf(ORGANIZATION));
  return { ...(commonName ? { common_name: commonName } : {}), ...(organization ? { organization } : {}) };
}

/** One element of DER (ITU-T X.690): what it is, what is in it, and where the next one begins. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

function element(der: Buffer | undefined, start: number): Element | undefined {
  const [tag, short] = [der?.[start], der?.[start + 1]];
  if (!der || tag === undefined || short === undefined) return undefined;
  // From 0x80 on the octet says how many octets of length follow.
  const octets = short < 0x80 ? 0 : short - 0x80;
  const begin = start + 2 + octets;
  if (octets > 3 || begin > der.length) return undefined;
  const length = octets === 0 ? short : der.readUIntBE(start + 2, octets);
  const end = begin + length;
  return end > der.length ? undefined : { tag, content: der.subarray(begin, end), end };
}

function first(der: Buffer | undefined, tag: number): Buffer | undefined {
  const found = element(der, 0);
  return found?.tag === tag ? found.content : undefined;
}

function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  for (let next = element(der, 0); next; next = element(der, next.end)) found.push(next);
  return found;
}

function textOf({ tag, content }: Element): string {
  return tag === TAG.bmpString ? new TextDecoder('utf-16be').decode(content) : content.toString('utf8');
}
