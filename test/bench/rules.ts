import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import type { DetectorRules } from '../../src/detect/detector.ts';
import { compileRules, readRules } from '../../src/rules/load.ts';

/** Rules in any number, with how many they are. */
export interface GeneratedRules extends DetectorRules {
  readonly count: number;
}

/**
 * So many rules that give alerts: shipped ones from all topics, and where these do not suffice as many teams' own, each like a shipped one but for its
 * team's namespace, as an organisation that writes rules for its teams has them.
 */
export async function rulesOf(count: number): Promise<GeneratedRules> {
  const sources = await readRules(loadConfig({ env: {} }).detect);
  const { silent } = compileRules(sources).set;
  const shipped = sources.files
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS()))
    .filter((rule) => rule?.detection && !silent.has(rule.id) && rule.gatewatch?.enabled !== false);
  const step = Math.max(1, Math.floor(shipped.length / count));
  const files = Array.from({ length: count }, (_, index) => {
    const team = Math.floor(index / shipped.length);
    const rule = shipped[(index * step) % shipped.length];
    return { name: `${index}.yml`, text: JSON.stringify(team === 0 ? rule : ofTeam(rule, team)) };
  });
  const rules = compileRules({ ...sources, files });
  return { ...rules, count: rules.set.rules.length };
}

interface Written {
  readonly id: string;
  readonly name: string;
  readonly detection: { readonly condition: string | readonly string[] };
}

function ofTeam(rule: Written, team: number): object {
  const { detection } = rule;
  const conditions = [detection.condition].flat().map((condition: string) => `(${condition}) and its_team`);
  return {
    ...rule,
    id: `${rule.id}-${team}`,
    name: `${rule.name}_${team}`,
    detection: { ...detection, its_team: { 'objectRef.namespace': `team-${team}` }, condition: conditions },
  };
}
