import { readDocuments, type Sink, type Surroundings } from '../sigma/document.ts';
import type { RuleFile, RuleSet } from '../sigma/model.ts';
import { Consumers } from './consumers.ts';
import type { Exception, ExceptionSet } from './model.ts';
import { readException } from './read.ts';

/**
 * Reads files of exceptions, several documents a file, for a set of rules without problems. An exception with a fault is left out and every
 * fault of it named.
 */
export function parseExceptions(
  files: readonly RuleFile[],
  set: RuleSet,
  surroundings: Surroundings,
): ExceptionSet {
  const sink: Sink = { problems: [], warnings: [], mapped: [] };
  const consumers = new Consumers(set);
  const exceptions = new Map<string, Exception>();
  for (const document of files.flatMap((file) => readDocuments(file, surroundings, sink))) {
    const draft = readException(document);
    if (!draft) continue;
    const { document: _, ...said } = draft;
    const targets = consumers.named(draft.rules, document);
    const same = exceptions.get(draft.id);
    if (same) {
      const what = `The id "${draft.id}" is also that of the exception at ${same.where}.`;
      document.refuse('EXCEPTION_INVALID', what, ['id'], 'value');
    }
    if (document.sound) exceptions.set(draft.id, { ...said, targets });
  }
  const { problems, warnings } = sink;
  return { exceptions: [...exceptions.values()], problems, warnings };
}
