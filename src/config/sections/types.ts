import { z } from 'zod';

/** The largest delay a timer of Node can hold, and far longer than any setting needs. */
const SECONDS_MAX = 2_147_483;

export const port = z.int().min(0).max(65_535);
export const path = z.string().min(1);
export const bytes = z.int().min(1);
export const count = z.int().min(1);
export const seconds = z.int().min(0).max(SECONDS_MAX);

/** A section whose keys all have defaults may itself be left out. */
export function section<Shape extends z.core.$ZodLooseShape>(meaning: string, shape: Shape) {
  return z.strictObject(shape).describe(meaning);
}

export const clusterName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    error: 'must be 1 to 63 lower-case letters, digits and "-", with a letter or digit at both ends',
  })
  .describe('Name of the cluster in paths, alerts and metrics; a DNS label of at most 63 characters.');

export const digest = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, { error: 'must be a SHA-256 in hex, 64 digits' })
  .toLowerCase();
