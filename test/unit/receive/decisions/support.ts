import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDecisionBody } from '../../../../src/receive/decisions/body.ts';
import { ENGINE } from '../../../../src/receive/decisions/engines.ts';
import type { InputLimits, Parsed } from '../../../../src/receive/parsed.ts';
import type { EngineName } from '../../../../src/record/engine.ts';
import { LIMITS, ORIGIN } from '../support.ts';

/** Extracts of what real engines said; Kubewarden's, and Gatekeeper's export, are values in the layout of its source. */
export const FIXTURES = join(import.meta.dirname, '../../../fixtures/decisions');

export function fixture(name: string): Buffer {
  return readFileSync(join(FIXTURES, name));
}

export function posted(
  engine: EngineName,
  body: string | Buffer | object,
  limits: InputLimits = LIMITS,
): Parsed {
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
  return parseDecisionBody(Buffer.from(bytes), ENGINE[engine], ORIGIN, limits);
}

/** An entry of OPA's decision log about a review. */
export function opaEntry(request: object, fields: object = {}): Record<string, unknown> {
  return {
    decision_id: 'd-1',
    path: 'system/main',
    input: { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request },
    result: { response: { allowed: true, uid: 'u-1' } },
    timestamp: '2026-11-22T14:21:16.47540368Z',
    ...fields,
  };
}
