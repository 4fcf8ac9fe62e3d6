import { invalid } from '../refusal.ts';
import type { Modifier } from './modifier.ts';

/**
 * Ours, not Sigma's: holds if the field has values and each of them meets the values of the item. Sigma can only say that some value does, and so
 * not that a pod has an image which is not on a list.
 */
export const every: Modifier = {
  name: 'every',
  forKeywords: false,
  apply(item) {
    if (item.comparison.name === 'exists') {
      throw invalid(`The modifier "every" has no meaning with "${item.comparison.name}". Leave it out.`);
    }
    return { ...item, every: true };
  },
};
