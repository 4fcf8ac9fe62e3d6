import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Authenticator, type Presented } from '../../../src/credentials/authenticate.ts';
import { generateToken, tokenDigest, tokenMatches } from '../../../src/credentials/tokens.ts';

const AUDIT = generateToken('audit');
const ADMISSION = generateToken('admission');
const DECISION = generateToken('decision');
const ELSEWHERE = generateToken('audit');

function authenticator(): Authenticator {
  return new Authenticator([
    {
      name: 'prod',
      audit_token_sha256: [tokenDigest(AUDIT)],
      admission_token_sha256: [tokenDigest(ADMISSION)],
      decision_token_sha256: [tokenDigest(DECISION)],
      client_certificate_names: ['gatewatch:prod'],
    },
    {
      name: 'test',
      audit_token_sha256: [tokenDigest(ELSEWHERE)],
      admission_token_sha256: [],
      decision_token_sha256: [],
      client_certificate_names: ['gatewatch:test'],
    },
  ]);
}

/** What `check` says: nothing, or the code. */
function verdict(presented: Partial<Presented>, subject = authenticator()): string {
  try {
    subject.check({ cluster: 'prod', input: 'audit', ...presented });
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

suite('authentication', () => {
  test('a token opens its cluster and input', () => {
    assert.equal(verdict({ bearer: AUDIT }), 'ok');
    assert.equal(verdict({ input: 'admission', pathToken: ADMISSION }), 'ok');
    assert.equal(verdict({ input: 'admission', bearer: ADMISSION }), 'ok');
    assert.equal(verdict({ input: 'decision', bearer: DECISION }), 'ok');
  });

  test('a client certificate opens all inputs of its cluster', () => {
    assert.equal(verdict({ certificateName: 'gatewatch:prod' }), 'ok');
    assert.equal(verdict({ certificateName: 'gatewatch:prod', input: 'admission' }), 'ok');
    assert.equal(verdict({ certificateName: 'gatewatch:prod', input: 'decision' }), 'ok');
    assert.equal(verdict({ certificateName: 'gatewatch:test' }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ certificateName: 'gatewatch:other' }), 'CREDENTIAL_INVALID');
  });

  test('a credential for another cluster or input is told so', () => {
    assert.equal(verdict({ bearer: ELSEWHERE }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ bearer: ADMISSION }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ bearer: AUDIT, input: 'admission' }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ bearer: AUDIT, input: 'decision' }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ bearer: DECISION }), 'CREDENTIAL_WRONG_CLUSTER');
    assert.equal(verdict({ bearer: AUDIT, cluster: 'unknown' }), 'CREDENTIAL_WRONG_CLUSTER');
  });

  test('an unknown cluster cannot be told from a wrong token', () => {
    const messages = ['prod', 'unknown', '', '__proto__'].map((cluster) => {
      try {
        authenticator().check({ cluster, input: 'audit', bearer: 'gw_audit_wrong' });
        return 'ok';
      } catch (error) {
        return (error as { explain(): string }).explain();
      }
    });
    assert.deepEqual(new Set(messages).size, 1);
    assert.match(messages[0]!, /^CREDENTIAL_INVALID/);
  });

  test('nothing, nearly right and the stored digest itself are refused', () => {
    for (const bearer of [
      undefined,
      '',
      AUDIT.slice(0, -1),
      `${AUDIT} `,
      AUDIT.toUpperCase(),
      tokenDigest(AUDIT),
    ]) {
      assert.equal(verdict({ bearer }), 'CREDENTIAL_INVALID');
    }
  });

  test('the name of a certificate is no token, and a token no name', () => {
    assert.equal(verdict({ bearer: 'gatewatch:prod' }), 'CREDENTIAL_INVALID');
    assert.equal(verdict({ certificateName: AUDIT }), 'CREDENTIAL_INVALID');
  });

  test('one good credential of several is enough', () => {
    assert.equal(verdict({ bearer: AUDIT, certificateName: 'gatewatch:test' }), 'ok');
    assert.equal(verdict({ bearer: 'wrong', certificateName: 'gatewatch:prod' }), 'ok');
  });

  test('a reload takes effect at once', () => {
    const subject = authenticator();
    subject.reload([]);
    assert.equal(verdict({ bearer: AUDIT }, subject), 'CREDENTIAL_INVALID');
    assert.equal(verdict({ bearer: AUDIT }, new Authenticator([])), 'CREDENTIAL_INVALID');
  });
});

suite('tokens', () => {
  test('are 256 random bits behind a prefix that says what they are', () => {
    for (const kind of ['audit', 'admission', 'console'] as const) {
      assert.match(generateToken(kind), new RegExp(`^gw_${kind}_[A-Za-z0-9_-]{43}$`));
    }
    assert.notEqual(generateToken('audit'), generateToken('audit'));
  });

  test('are checked against their digest', () => {
    assert.equal(tokenMatches(AUDIT, tokenDigest(AUDIT)), true);
    assert.equal(tokenMatches(AUDIT, tokenDigest(AUDIT).toUpperCase()), true);
    assert.equal(tokenMatches(ADMISSION, tokenDigest(AUDIT)), false);
    for (const broken of ['', 'zz', 'ab', `${tokenDigest(AUDIT)}00`])
      assert.equal(tokenMatches(AUDIT, broken), false);
  });
});
