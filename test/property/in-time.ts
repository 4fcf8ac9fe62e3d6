import assert from 'node:assert/strict';

/** Longest time for one document of rules, or for one event, milliseconds. Milliseconds are usual; what grows out of proportion takes minutes. */
const ONE_MS_MAX = 20_000;

export function inTime<Result>(what: () => Result): Result {
  const begin = performance.now();
  const result = what();
  const ms = performance.now() - begin;
  assert.ok(ms < ONE_MS_MAX, `${ms} ms`);
  return result;
}
