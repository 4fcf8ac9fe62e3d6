/** Name of the observing webhook in the configuration that `gatewatch setup` writes. */
export const OBSERVER_WEBHOOK = 'observer.gatewatch.dev';
