/** Imports the dashboards and data views into Kibana. Those of the same id are replaced. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, patiently, type Server } from './http.ts';

/** @param folder with files of saved objects, as Kibana exports them */
export async function importSavedObjects(server: Server, folder: string): Promise<string[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .sort();
  await patiently(() => ask(server, 'GET', '/api/status'));
  for (const name of files) {
    const form = new FormData();
    form.append('file', new File([readFileSync(join(folder, name))], name));
    const { success, errors } = (await ask(
      server,
      'POST',
      '/api/saved_objects/_import?overwrite=true',
      form,
    )) as {
      success: boolean;
      errors?: unknown;
    };
    if (!success) throw new Error(`${name}: ${JSON.stringify(errors)}`);
  }
  return files;
}

if (import.meta.main) {
  const password = readFileSync('/secrets/setup/elastic-password', 'utf8');
  const kibana = { url: 'http://kibana:5601', username: 'elastic', password };
  try {
    const files = await importSavedObjects(kibana, '/dashboards');
    console.log(`Imported: ${files.join(', ') || 'nothing, there are no files'}.`);
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
  }
}
