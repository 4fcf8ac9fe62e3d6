import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { detectionsOf } from '../detect/rule-options.ts';
import type { RuleMetadata } from '../detect/sigma/model.ts';
import { GatewatchError } from '../errors.ts';
import { shippedRules } from './load.ts';
import type { TestResult } from './tests.ts';

/** One detection of the field, or of ours, as `rules/detections.json` lists it. */
const detectionSchema = z.strictObject({
  id: z.string().regex(/^[A-Z]{2}\d{2}$/),
  detection: z.string(),
  technique: z.string().optional(),
  /** What it takes to tell: one event, a list, a threshold, a baseline, a sequence, state. */
  kind: z.string(),
  /** How many of the nine products that were looked at have it; none: it is ours. */
  sources: z.int(),
  /** Why no stream of the cluster shows it. */
  not_visible: z.string().optional(),
});

export type Detection = z.output<typeof detectionSchema>;

/** A rule or correlation that covers something, with how its own tests went. */
export interface CoveringRule {
  readonly rule: RuleMetadata;
  readonly passed: number;
  readonly failed: number;
}

export type CoverageStatus = 'covered' | 'failing' | 'not visible' | 'waiting';

/** What covers one detection, technique or control. */
export interface Coverage {
  readonly id: string;
  readonly name: string;
  readonly technique?: string;
  readonly status: CoverageStatus;
  readonly rules: readonly CoveringRule[];
  /** Why nothing does. */
  readonly reason?: string;
}

/** @throws FILE_UNREADABLE */
export async function readDetections(): Promise<readonly Detection[]> {
  const file = join(shippedRules(), 'detections.json');
  try {
    return z.array(detectionSchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw new GatewatchError('FILE_UNREADABLE', `${(cause as Error).message}.`, { where: file, cause });
  }
}

/** Which rules cover each detection. A rule says so with its tag, and counts when its tests pass. */
export function coverDetections(
  detections: readonly Detection[],
  rules: readonly RuleMetadata[],
  results: readonly TestResult[],
): Coverage[] {
  const covering = coveringRules(rules, results);
  return detections.map(({ id, detection, technique, not_visible: reason }) => {
    const found = covering.filter(({ rule }) => detectionsOf(rule.tags).includes(id));
    const missing = reason === undefined ? 'waiting' : 'not visible';
    return {
      id,
      name: detection,
      ...(technique === undefined ? {} : { technique }),
      status: statusOf(found) ?? missing,
      rules: found,
      ...(found.length > 0 || reason === undefined ? {} : { reason }),
    };
  });
}

/** Which rules cover each of what their tags name under a namespace, for example `attack.t`, `owasp.k` or `cis.`. */
export function coverTags(
  prefix: string,
  rules: readonly RuleMetadata[],
  results: readonly TestResult[],
): Coverage[] {
  const byTag = new Map<string, CoveringRule[]>();
  for (const covering of coveringRules(rules, results)) {
    for (const tag of covering.rule.tags) {
      if (!tag.startsWith(prefix) || !/\d/.test(tag)) continue;
      byTag.set(tag, [...(byTag.get(tag) ?? []), covering]);
    }
  }
  return [...byTag]
    .map(([tag, found]) => {
      const id = tag.slice(tag.indexOf('.') + 1).toUpperCase();
      return { id, name: tag, status: statusOf(found)!, rules: found };
    })
    .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

function coveringRules(rules: readonly RuleMetadata[], results: readonly TestResult[]): CoveringRule[] {
  const byRule = Map.groupBy(results, ({ rule }) => rule);
  return rules.map((rule) => {
    const own = byRule.get(rule.id) ?? [];
    const failed = own.filter(({ failure }) => failure !== undefined).length;
    return { rule, passed: own.length - failed, failed };
  });
}

function statusOf(rules: readonly CoveringRule[]): CoverageStatus | undefined {
  if (rules.length === 0) return undefined;
  return rules.every(({ passed, failed }) => passed > 0 && failed === 0) ? 'covered' : 'failing';
}

/** A layer for MITRE's ATT&CK Navigator (layer format 4.5): each technique with the number of rules that watch it. */
export function navigatorLayer(techniques: readonly Coverage[], version: string): object {
  const most = Math.max(1, ...techniques.map(({ rules }) => rules.length));
  return {
    name: `Gatewatch ${version}`,
    description: 'Techniques that the rules of Gatewatch watch, scored by the number of rules.',
    domain: 'enterprise-attack',
    versions: { layer: '4.5', navigator: '5.1.0', attack: '17' },
    filters: { platforms: ['Containers', 'IaaS', 'Linux'] },
    gradient: { colors: ['#e3f2fd', '#0d47a1'], minValue: 0, maxValue: most },
    techniques: techniques.map(({ id, rules }) => ({
      techniqueID: id,
      score: rules.length,
      comment: rules.map(({ rule }) => rule.title).join('\n'),
      enabled: true,
      showSubtechniques: true,
    })),
  };
}
