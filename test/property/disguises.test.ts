import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { recordOf } from '../unit/detect/support.ts';
import { DISGUISES } from './disguises.ts';
import { type Event, ruleEvents } from './rule-events.ts';
import { newDetector, rulesOf } from './shipped.ts';

/** Audit events alone: what others send has another form. */
const cases = ruleEvents()
  .filter(({ events }) => events.every(({ verb, objectRef }) => verb && objectRef))
  .map(({ name, events }) => ({ name, events, rules: matched(events) }));

/** Rules that a disguise hides by nature. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  // It says that something was patched.
  'updated where it was patched': ['template-patched'],
  // The configuration of an engine is known by its name.
  'a generated name': ['engine-configuration-weakened', 'protection-weakened'],
  // The claim is detected instead, by inside-address-claimed.
  'an address of somebody else': ['identity-from-internet'],
};

function matched(events: readonly Event[]): readonly string[] {
  const detector = newDetector();
  return rulesOf({ signals: events.flatMap((event) => detector.detect(recordOf(event)).signals) });
}

suite('what the rules are tested with is detected too, all of it, with', () => {
  for (const [disguise, change] of Object.entries(DISGUISES)) {
    test(disguise, () => {
      let changed = 0;
      for (const { name, events, rules } of cases) {
        const others = events.map((event, index) => change(event, events.slice(0, index)));
        if (!others.some((other) => other !== undefined)) continue;
        changed++;
        const found = matched(events.flatMap((event, index) => others[index] ?? [event]));
        const lost = rules.filter((rule) => !found.includes(rule) && !HIDDEN[disguise]?.includes(rule));
        assert.deepEqual(lost, [], name);
      }
      assert.ok(changed > 20, `${changed} tests have such events`);
    });
  }
});
