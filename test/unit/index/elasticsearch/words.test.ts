import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wordsOf, wordsQuery } from '../../../../src/index/elasticsearch/words.ts';
import { alertOf } from '../../../contract/alert-store-fixtures.ts';

const FIELD = 'gatewatch.words';

describe('words', () => {
  it('are split at everything but letters and digits', () => {
    const [message, names] = wordsOf(
      alertOf({ id: 'a', message: 'Éve_1 ran a.b-c:D (日本) "x"!', user: 'system:serviceaccount:ci:bot' }),
    );
    assert.equal(message, 'eve 1 ran a b c d 日本 x');
    assert.match(names!, / system serviceaccount ci bot /);
  });

  it('are looked for as phrases with an open end, all of them', () => {
    assert.deepEqual(wordsQuery(' Bob  kube-system '), {
      bool: {
        filter: [
          { prefix: { [FIELD]: 'bob' } },
          { match_phrase_prefix: { [FIELD]: { query: 'kube system', max_expansions: 1000 } } },
        ],
      },
    });
  });

  it('find nothing without a letter or digit, and restrict nothing if there is no text', () => {
    assert.deepEqual(wordsQuery('" * \ud800'), { match_none: {} });
    assert.equal(wordsQuery(' \n'), undefined);
  });

  it('are bounded in number and length, in a search and in an alert', () => {
    const { filter } = wordsQuery('x'.repeat(1_000_000) + ' a b'.repeat(100_000))!.bool!;
    assert.equal((filter as unknown[]).length, 32);
    assert.deepEqual((filter as unknown[])[0], { prefix: { [FIELD]: 'x'.repeat(128) } });
    const [message] = wordsOf(alertOf({ id: 'a', message: '🙂x'.repeat(1_000_000) }));
    assert.ok(message!.length < 20_000);
  });
});
