/** The policy engines whose decisions are taken in, by the names that they have in rules, metrics and addresses. */
export const ENGINES = ['opa', 'gatekeeper', 'kyverno', 'kubewarden'] as const;
export type EngineName = (typeof ENGINES)[number];
