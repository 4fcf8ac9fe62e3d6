/** What a label selector asks of labels (k8s.io/apimachinery/pkg/apis/meta/v1, LabelSelector): all of it must hold. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelRequirement[];
}

interface LabelRequirement {
  readonly key: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. */
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All that a selector asks for, its labels as expressions too. */
export function requirementsOf({
  matchLabels = {},
  matchExpressions = [],
}: LabelSelector): LabelRequirement[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ];
}

/** Whether a selector selects what has these labels. One that is empty selects everything; an operator that is not known, too. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return requirementsOf(selector).every(({ key, operator, values = [] }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return true;
    }
  });
}
