import type { JsonObject } from './json.ts';

/** What a request lacks as a source shows it that is asked before the API server answers: a webhook, a policy engine. */
export abstract class Unanswered {
  readonly auditId = undefined;
  readonly rank = 0;
  readonly uri = undefined;
  readonly code = undefined;
  readonly status: JsonObject = {};
  readonly message = undefined;
  readonly annotations: JsonObject = {};
  readonly decision = undefined;
  readonly sameAs: readonly string[] = [];

  annotation(): undefined {
    return undefined;
  }

  mayHaveAnnotation(): boolean {
    return false;
  }
}
