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
  namespaces_max: count
    .default(100_000)
    .describe('Most namespaces, over all clusters, whose labels are remembered.'),
  facts_text_chars_max: count
    .default(2048)
    .describe('Longest text carried from an event into an alert, in characters; longer ones are cut.'),
});

export const correlate = section('Correlation of matches into alerts.', {
  lateness_seconds: seconds
    .default(300)
    .describe('How late, in event time, a record may arrive and still count in its window, in seconds.'),
  groups_max: count.default(200_000).describe('Most correlation groups held open at one time.'),
  signals_per_group_max: count.default(10_000).describe('Most matches of one rule held in one group.'),
  evidence_max: count.default(20).describe('Most records listed as evidence in one alert; more are counted.'),
  suppress_seconds: seconds
    .default(3600)
    .describe(
      'Repeats of an alert within this time, in seconds, raise its count instead of making a new one. Rules may set their own.',
    ),
});

export const index = section('The alert store.', {
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe(
      'How long alerts are kept, in days of their own time; in Elasticsearch until their whole month is older.',
    ),
});
