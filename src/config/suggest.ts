import { distance } from 'fastest-levenshtein';
import { formatPath, keyAt, leafPaths } from './keys.ts';

/** What a person who wrote an unknown key may have meant, as the end of a sentence; empty if nothing is near. */
export function suggestion(section: readonly PropertyKey[], key: string): string {
  const siblings = Object.keys(keyAt(section)?.properties ?? {});
  const nearest = siblings
    .map((name) => ({ name, far: distance(name, key.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.far - b.far)[0];
  if (nearest) return `; did you mean ${formatPath([...section, nearest.name])}?`;

  // The right key in the wrong place, or joined with the wrong sign: `port`, `http_port`.
  const flat = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  const elsewhere = leafPaths().filter(
    (path) => path.at(-1) === key.toLowerCase() || path.join('').replaceAll('_', '') === flat,
  );
  if (elsewhere.length > 0) return `; did you mean ${elsewhere.map(formatPath).join(' or ')}?`;
  return siblings.length > 0 ? `; known here: ${siblings.join(', ')}` : '';
}
