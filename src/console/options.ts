import type { AlertReader } from '../index/port.ts';

/** What the console needs to know. */
export interface ConsoleOptions {
  readonly store: AlertReader;
  /** The login token, also taken as bearer token; at least `TOKEN_CHARS_MIN` characters, hard to guess. */
  readonly token: string;
  /** How long a login lasts. */
  readonly sessionHours: number;
  /** Login attempts from one address, per minute. */
  readonly loginAttemptsPerMinuteMax: number;
  /** True if people reach the console by https. */
  readonly secureCookie: boolean;
  /** Shown in the footer and in the OpenAPI document. */
  readonly version: string;
  /** Wall clock in Unix milliseconds: sessions and time presets need one, alerts never do. */
  readonly now?: () => number;
}

/** A bearer token is not throttled (behind a proxy one guesser would lock everyone out), so it must be out of reach of guessing. */
export const TOKEN_CHARS_MIN = 20;
