import type { Parsed } from '../parsed.ts';

/** How many rejections one answer lists; all are in dead letters. */
const REJECTIONS_LISTED_MAX = 20;

/** The answer to a batch that is stored: how much of it, and what was wrong with the rest. */
export function answerTo({ records, rejected }: Parsed) {
  return {
    accepted: records.length,
    rejected: rejected.length,
    rejections: rejected
      .slice(0, REJECTIONS_LISTED_MAX)
      .map(({ code, where, what }) => ({ code, where, message: what })),
  };
}
