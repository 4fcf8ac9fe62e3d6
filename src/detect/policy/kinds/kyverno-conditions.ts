import { listOf, member } from '../../decode/json.ts';
import { without } from '../canonical.ts';
import { type Extent, extentOf } from '../extent.ts';

/**
 * How what Kyverno's conditions (`{any: […], all: […]}`, or the older plain list, all of which must hold) let through stands to what they let
 * through before: one more that must hold lets through less, one more that is enough lets through more.
 */
export function conditionsExtent(before: unknown, after: unknown): Extent {
  const [from, to] = [blockOf(before), blockOf(after)];
  if (from.length !== 1 || to.length !== 1) return blocksExtent(from, to);
  const [was, is] = [partsOf(from[0]), partsOf(to[0])];
  if (isNever(from[0]) !== isNever(to[0])) return isNever(to[0]) ? 'narrower' : 'wider';
  const all = difference(was.all, is.all);
  const any = difference(was.any, is.any);
  // The first one that would be enough is one that must hold.
  const first = was.any.length === 0 && is.any.length > 0;
  const last = is.any.length === 0 && was.any.length > 0;
  const more = all.gone || last || (any.come && !first);
  const less = all.come || first || (any.gone && !last);
  return more && less ? 'unclear' : extentOf(less, more);
}

/** An empty list of which one must hold never does (github.com/kyverno/kyverno/pkg/engine/variables, EvaluateAnyAllConditions). */
function isNever(block: unknown): boolean {
  const any = member(block, 'any');
  return Array.isArray(any) && any.length === 0;
}

/** Several blocks, all of which must hold. */
function blocksExtent(before: readonly unknown[], after: readonly unknown[]): Extent {
  const { gone, come } = difference(before, after);
  return gone && come ? 'unclear' : extentOf(come, gone);
}

function blockOf(conditions: unknown): readonly unknown[] {
  if (conditions === undefined || conditions === null) return [];
  return Array.isArray(conditions) && conditions.some((one) => member(one, 'any') ?? member(one, 'all'))
    ? conditions
    : [conditions];
}

function partsOf(block: unknown): { all: readonly unknown[]; any: readonly unknown[] } {
  if (Array.isArray(block)) return { all: block, any: [] };
  return { all: listOf(member(block, 'all')), any: listOf(member(block, 'any')) };
}

function difference(before: readonly unknown[], after: readonly unknown[]) {
  return { gone: without(before, after).length > 0, come: without(after, before).length > 0 };
}
