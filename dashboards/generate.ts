import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { admission } from './grafana/admission.ts';
import { alerts } from './grafana/alerts.ts';
import { pipeline } from './grafana/pipeline.ts';
import { savedObjects } from './kibana/alerts.ts';

/** What Grafana and Kibana import, by path. */
export function generateDashboards(): Record<string, string> {
  const grafana = Object.entries({ alerts, admission, pipeline }).map(([name, dashboard]) => [
    `grafana/dashboards/${name}.json`,
    `${JSON.stringify(dashboard, null, 2)}\n`,
  ]);
  const ndjson = savedObjects.map((object) => `${JSON.stringify(object)}\n`).join('');
  return Object.fromEntries([...grafana, ['kibana/gatewatch.ndjson', ndjson]]);
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generateDashboards())) {
    writeFileSync(join(import.meta.dirname, path), text);
  }
}
