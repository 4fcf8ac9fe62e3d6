import { z } from 'zod';
import { count, path, seconds, section } from './types.ts';

export const detect = section('Matching of single events.', {
  rules: z
    .array(path)
    .min(1)
    .default(['shipped'])
    .describe(
      'Files and folders with Sigma rules. The word `shipped` stands for the folder that comes with Gatewatch.',
    ),
  lists: z
    .record(z.string().regex(/^\w+$/, { error: 'must be letters, digits and "_"' }), path)
    .default({})
    .describe(
      'Files with the values of placeholders, by the name of the list; they take the place of those in folders `lists` beside the rules.',
    ),
  mappings: z
    .array(path)
    .default(['shipped'])
    .describe(
      'Files and folders that say what fields of rules for other layouts are called in audit events (docs/rules.md). The word `shipped` stands for those that come with Gatewatch.',
    ),
  exceptions: z
    .array(path)
    .default([])
    .describe(
      'Files and folders with exceptions: whose matches of which rules are no alert, why, and until when (docs/rules.md).',
    ),
  disable: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Rules that give no alerts here: names, ids, or detection ids such as CH06 for all rules of one.',
    ),
  enable: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Rules that are shipped switched off (`enabled: false`) and wanted here, named in the same way.',
    ),
  reload_seconds: seconds
    .default(10)
    .describe(
      'How often it is looked whether the files of rules, lists and exceptions have changed, in seconds; 0: only on SIGHUP.',
    ),
  namespaces_max: count
    .default(100_000)
    .describe('Most namespaces, over all clusters, whose labels are remembered.'),
  objects_bytes_max: count
    .default(67_108_864)
    .describe(
      'Most bytes of objects (workloads, roles, policies, Services) that are remembered in each partition, to tell what a change changed; an eighth of them for what was deleted. Those not seen for longest are let go.',
    ),
  object_bytes_max: count
    .default(65_536)
    .describe('Largest object that is remembered, in bytes of the part of it that matters.'),
  recent_bytes_max: count
    .default(67_108_864)
    .describe(
      'Most bytes of records of the last minutes (`correlate.lateness_seconds`) that are kept in each partition to be looked at again, should one arrive late that shows what was before them. The first to come are let go.',
    ),
  facts_text_chars_max: count
    .default(2048)
    .describe('Longest text carried from an event into an alert, in characters; longer ones are cut.'),
});

export const correlate = section('Correlation of matches into alerts.', {
  lateness_seconds: seconds
    .default(300)
    .describe(
      'How late, in event time, an audit event may arrive and still count in its window, in seconds. One that comes later is counted (gatewatch_correlate_limit_reached_total) and told of with what is left of its window.',
    ),
  lateness_review_seconds: seconds
    .default(10)
    .describe(
      'The same of what the observing webhook sends, which is here while the API server waits for the answer, in seconds.',
    ),
  groups_max: count.default(200_000).describe('Most correlation groups held open at one time.'),
  signals_per_group_max: count.default(10_000).describe('Most matches of one rule held in one group.'),
  baseline_groups_max: count
    .default(50_000)
    .describe(
      'Most groups whose habits are remembered in each partition; further ones give no alerts of new values.',
    ),
  baseline_values_per_group_max: count
    .default(1000)
    .describe(
      'Most values remembered of one group. One that shows more in the time that is looked back has no habit: it gives no alerts of further values.',
    ),
  evidence_max: count
    .default(20)
    .describe(
      'Most records listed as evidence in one alert, and most objects in its blast radius; more are counted.',
    ),
  suppress_seconds: seconds
    .default(3600)
    .describe(
      'Repeats of an alert within this time, in seconds, raise its count instead of making a new one. Rules may set their own.',
    ),
  incident_seconds: seconds
    .default(3600)
    .describe(
      'Alerts of one actor in one cluster are one incident until nothing has happened for longer than this, in seconds.',
    ),
  incident_alerts_max: z
    .int()
    .min(2)
    .max(10_000)
    .default(200)
    .describe(
      'Most alerts in one incident; the next one begins another. When an incident changes all of its alerts are stored anew.',
    ),
});

export const index = section('The alert store.', {
  incident_bytes_max: count
    .default(67_108_864)
    .describe(
      'Most bytes of alerts that are held in each partition, because others may still join their incident. Those of actors that have been quiet for longest are let go; what such an actor does next begins another incident.',
    ),
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe(
      'How long alerts are kept, in days of their own time; in Elasticsearch until their whole month is older.',
    ),
});
