import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attackLink, listHref, referenceLinks } from '../../../src/console/links.ts';
import { returnPath } from '../../../src/console/return-path.ts';

describe('links', () => {
  it('makes links of http and https references only', () => {
    const links = referenceLinks(
      'https://example.com/a, http://example.com javascript:alert(1) JaVaScRiPt:alert(1) data:text/html,x //example.com file:///etc/passwd',
    );
    assert.deepEqual(
      links.filter(({ href }) => href !== undefined).map(({ href }) => href?.text),
      ['https://example.com/a', 'http://example.com/'],
    );
    assert.ok(
      links.some(({ text }) => text === 'javascript:alert(1)'),
      'the others are text',
    );
    assert.deepEqual(referenceLinks(undefined), []);
  });

  it('leads to ATT&CK for its ids only', () => {
    assert.equal(attackLink('T1562.001', 'x').href?.text, 'https://attack.mitre.org/techniques/T1562/001/');
    assert.equal(attackLink('TA0005', undefined).href?.text, 'https://attack.mitre.org/tactics/TA0005/');
    assert.equal(attackLink('../T1562', 'x').href, undefined);
  });

  it('encodes parameters and gives up on addresses that are too long', () => {
    assert.equal(
      listHref({ user: 'a&b=c', severity: ['high', 'low'] })?.text,
      '/alerts?user=a%26b%3Dc&severity=high&severity=low',
    );
    assert.equal(listHref({})?.text, '/alerts');
    assert.equal(listHref({ user: 'x'.repeat(5000) }), undefined);
  });
});

describe('returnPath', () => {
  it('leads to our own pages only', () => {
    const kept = ['/alerts', '/alerts?user=bob&text=a%20b', '/alerts/c94d88e01f6b7720'];
    for (const path of kept) assert.equal(returnPath(path), path);
    const refused = [
      undefined,
      '',
      '//evil.example',
      '//evil.example/alerts',
      '/\\evil.example',
      '\\\\evil.example/alerts',
      '/\t/evil.example/alerts',
      '\n//evil.example/alerts',
      'https://evil.example/alerts',
      'https:evil.example',
      'javascript:alert(1)',
      'data:text/html,x',
      '/alerts/../login',
      '/alerts//evil.example',
      '/logout',
      '@evil.example/alerts',
      'http://console.invalid@evil.example/alerts',
      `/alerts?${'x'.repeat(5000)}`,
    ];
    for (const path of refused) assert.equal(returnPath(path), '/alerts', path);
  });
});
