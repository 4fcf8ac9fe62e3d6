import type { Setting } from './layer.ts';

const PREFIX = 'GATEWATCH_';

/** Variables with our prefix that are no settings. `docs/configuration.md` lists them. */
export const OTHER_VARIABLES = [
  { name: 'GATEWATCH_CONFIG', meaning: 'The configuration file, if `--config` is not given.' },
  { name: 'GATEWATCH_TEST_*', meaning: "For Gatewatch's own tests." },
  {
    name: 'GATEWATCH_SERVICE_HOST, GATEWATCH_PORT=tcp://… and the like',
    meaning: 'Set by Kubernetes in the pods beside a Service called gatewatch. Ignored.',
  },
] as const;

/** What Kubernetes derives from a Service whose name begins with gatewatch. The `…_PORT` forms are told from a mistyped setting by their value. */
const SERVICE_LINK = /^GATEWATCH_(?:[A-Z0-9]+_)*(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?)$/;
const SERVICE_LINK_PORT = /^GATEWATCH_(?:[A-Z0-9]+_)*PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)?$/;

function isServiceLink(name: string, value: string): boolean {
  if (SERVICE_LINK.test(name)) return true;
  if (!SERVICE_LINK_PORT.test(name)) return false;
  return /_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?$/.test(name) || /^(?:tcp|udp|sctp):\/\//.test(value);
}

/** The settings among the variables of the environment; `GATEWATCH_HTTP__PORT` is `http.port`. An empty variable counts as absent. */
export function environmentSettings(env: Readonly<Record<string, string | undefined>>): Setting[] {
  return Object.keys(env)
    .sort()
    .flatMap((name) => {
      const text = env[name] ?? '';
      if (!name.startsWith(PREFIX) || text === '') return [];
      if (name === 'GATEWATCH_CONFIG' || name.startsWith('GATEWATCH_TEST_')) return [];
      if (isServiceLink(name, text)) return [];
      return [{ path: name.slice(PREFIX.length).toLowerCase().split('__'), text, origin: name }];
    });
}
