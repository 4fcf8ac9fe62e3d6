import type { EngineName } from '../../record/engine.ts';
import type { Engine } from './engine.ts';
import { gatekeeper } from './gatekeeper.ts';
import { kubewarden } from './kubewarden.ts';
import { kyverno } from './kyverno.ts';
import { opa } from './opa.ts';

/** The engines whose documents are understood. */
export const ENGINE: Readonly<Record<EngineName, Engine>> = { opa, gatekeeper, kyverno, kubewarden };

export const ALL_ENGINES: readonly Engine[] = Object.values(ENGINE);
