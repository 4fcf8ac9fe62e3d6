/** The users of Elasticsearch in docker-compose.yml. Doing it again changes nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, patiently, type Server } from './http.ts';

/** What a role may do, in the words of Elasticsearch. */
interface Privileges {
  readonly cluster: readonly string[];
  readonly indices: readonly { names: readonly string[]; privileges: readonly string[] }[];
}

/** Grafana reads alerts, and asks for the fields that there are. */
const GRAFANA: Privileges = {
  cluster: ['monitor'],
  indices: [
    {
      names: ['logs-gatewatch.alerts-*', 'logs-kubernetes.audit_logs-*'],
      privileges: ['read', 'view_index_metadata'],
    },
  ],
};

/**
 * @param secrets folder with the passwords
 * @param needed what each part of Gatewatch needs
 */
export async function makeAccounts(
  url: string,
  secrets: string,
  needed: Readonly<Record<string, Privileges>>,
): Promise<void> {
  const password = (name: string): string => readFileSync(join(secrets, name), 'utf8');
  const server: Server = { url, username: 'elastic', password: password('elastic-password') };
  await patiently(() => ask(server, 'GET', '/_security/_authenticate'));
  await ask(server, 'PUT', '/_security/user/kibana_system/_password', {
    password: password('kibana-system-password'),
  });
  const roles = Object.entries(needed).map(([part, privileges]) => ({
    name: `gatewatch-${part}`,
    privileges,
  }));
  for (const { name, privileges } of [...roles, { name: 'gatewatch-grafana', privileges: GRAFANA }]) {
    await ask(server, 'PUT', `/_security/role/${name}`, privileges);
  }
  await ask(server, 'PUT', '/_security/user/gatewatch', {
    password: password('gatewatch-password'),
    roles: roles.map(({ name }) => name),
  });
  await ask(server, 'PUT', '/_security/user/grafana', {
    password: password('grafana-password'),
    roles: ['gatewatch-grafana'],
  });
}

if (import.meta.main) {
  const printed = execFileSync('gatewatch', ['index', 'setup', '--dry-run'], { encoding: 'utf8' });
  try {
    await makeAccounts('http://elasticsearch:9200', '/secrets/setup', JSON.parse(printed).privileges);
  } catch (error) {
    console.error(String(error));
    console.error('If it says 401: the volumes "secrets" and "elasticsearch" are not of the same start.');
    process.exitCode = 1;
  }
}
