import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { imageReference, isUnpinned } from '../../../../src/detect/image/reference.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test('a reference is read with what it leaves out', () => {
  const cases: [image: string, repository: string, tag: string | undefined, digest?: string][] = [
    ['nginx', 'docker.io/library/nginx', 'latest'],
    ['nginx:1.27', 'docker.io/library/nginx', '1.27'],
    ['library/nginx', 'docker.io/library/nginx', 'latest'],
    ['docker.io/nginx', 'docker.io/library/nginx', 'latest'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx', 'latest'],
    ['xmrig/xmrig:6.21', 'docker.io/xmrig/xmrig', '6.21'],
    ['ghcr.io/acme/app', 'ghcr.io/acme/app', 'latest'],
    ['GHCR.io/acme/app:v1', 'ghcr.io/acme/app', 'v1'],
    ['REGISTRY/app', 'registry/app', 'latest'],
    ['localhost/app', 'localhost/app', 'latest'],
    ['localhost:5000/a/b/c:x', 'localhost:5000/a/b/c', 'x'],
    ['registry:5000/app', 'registry:5000/app', 'latest'],
    ['[2001:db8::1]:5000/app:2', '[2001:db8::1]:5000/app', '2'],
    ['acme/app', 'docker.io/acme/app', 'latest'],
    [`nginx@${DIGEST}`, 'docker.io/library/nginx', undefined, DIGEST],
    [`ghcr.io/acme/app:v1@${DIGEST}`, 'ghcr.io/acme/app', 'v1', DIGEST],
  ];
  for (const [image, repository, tag, digest] of cases) {
    const reference = imageReference(image);
    assert.deepEqual(
      [reference.repository, reference.tag, reference.digest],
      [repository, tag, digest],
      image,
    );
    assert.ok(repository.startsWith(`${reference.registry}/`), image);
  }
});

test('only a digest or a tag of its own pins an image', () => {
  const unpinned = (image: string) => isUnpinned(imageReference(image));
  for (const image of [
    'nginx',
    'nginx:',
    'nginx:latest',
    'a.io:5000/x',
    'nginx@',
    'nginx@sha256:x',
    'nginx@latest',
  ])
    assert.ok(unpinned(image), image);
  for (const image of ['nginx:1', 'nginx:LATEST', `nginx@${DIGEST}`, `nginx:latest@${DIGEST}`])
    assert.ok(!unpinned(image), image);
});

test('what is no reference is read as far as it goes', () => {
  const repository = (image: string) => imageReference(image).repository;
  assert.equal(repository(''), 'docker.io/library/');
  assert.equal(repository('/'), 'docker.io//');
  assert.equal(repository('https://ghcr.io/acme/app'), 'https://ghcr.io/acme/app');
  assert.equal(repository('ghcr.io.evil.example/acme/app'), 'ghcr.io.evil.example/acme/app');
  assert.equal(repository('evil.example/ghcr.io/acme/app'), 'evil.example/ghcr.io/acme/app');
  assert.ok(repository(`a.io/${'x'.repeat(1_000_000)}`).length <= 4096);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (image) => {
      const reference = imageReference(image);
      assert.ok(reference.repository.startsWith(`${reference.registry}/`));
    }),
  );
});
