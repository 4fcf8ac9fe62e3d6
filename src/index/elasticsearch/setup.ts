import type { Client, estypes } from '@elastic/elasticsearch';
import { GatewatchError } from '../../errors.ts';
import { failureOf, hasStatus, reasonOf, storeError } from './store-error.ts';
import { type ComponentTemplate, type IndexTemplate, MANAGED_BY, type Templates } from './templates.ts';

/** What was done with one template: `newer` means that a newer Gatewatch's was left in place. */
export interface Installed {
  readonly kind: 'component template' | 'index template';
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'newer';
}

/** A template as it is stored. */
type Present = Pick<estypes.IndicesIndexTemplate, 'version' | '_meta'>;

/**
 * Installs index templates with their parts, and adds new fields to the indices that exist; doing so again changes nothing.
 * @throws STORE_TEMPLATE_CONFLICT if Elasticsearch refuses a template, if one of its name is not Gatewatch's, if another takes precedence, or
 * if an index has a field of another type; STORE_*
 */
export async function installTemplates(client: Client, planned: readonly Templates[]): Promise<Installed[]> {
  const installed: Installed[] = [];
  for (const templates of planned) {
    for (const component of templates.components) installed.push(await installComponent(client, component));
    const index = await installIndexTemplate(client, templates.index);
    installed.push(index);
    if (index.outcome !== 'newer') await addFields(client, templates);
  }
  await verifyTemplates(client, planned);
  return installed;
}

/**
 * Makes sure that new indices will be made by Gatewatch's templates.
 * @throws STORE_TEMPLATE_CONFLICT if another template applies, or none; STORE_*
 */
export async function verifyTemplates(client: Client, planned: readonly Templates[]): Promise<void> {
  for (const { example, index } of planned) {
    const { template } = await asked(() => client.indices.simulateIndexTemplate({ name: example }));
    if (template?.mappings?._meta?.managed_by === MANAGED_BY) continue;
    throw conflict(`Another index template than ${index.name}, or none, applies to indices like ${example}.`);
  }
}

function installComponent(client: Client, { name, ...body }: ComponentTemplate): Promise<Installed> {
  return install(name, 'component template', body, {
    get: async () =>
      (await client.cluster.getComponentTemplate({ name })).component_templates[0]?.component_template,
    put: () => client.cluster.putComponentTemplate({ name, ...body }),
  });
}

function installIndexTemplate(client: Client, { name, ...body }: IndexTemplate): Promise<Installed> {
  return install(name, 'index template', body, {
    get: async () => (await client.indices.getIndexTemplate({ name })).index_templates[0]?.index_template,
    put: () => client.indices.putIndexTemplate({ name, ...body }),
  });
}

/** How one kind of template is read and written. */
interface Access {
  get(): Promise<Present | undefined>;
  put(): Promise<unknown>;
}

async function install(
  name: string,
  kind: Installed['kind'],
  planned: Present,
  { get, put }: Access,
): Promise<Installed> {
  const present = await asked(() => get().catch(unlessMissing));
  if (present && present._meta?.managed_by !== MANAGED_BY)
    throw conflict(`There is a ${kind} ${name} that is not Gatewatch's.`);
  if (present && present.version! > planned.version!) return { kind, name, outcome: 'newer' };
  if (present && present._meta?.content === planned._meta?.content)
    return { kind, name, outcome: 'unchanged' };
  await asked(() => put().catch(refused(`the ${kind} ${name}`)));
  return { kind, name, outcome: present ? 'updated' : 'created' };
}

/** Indices keep the mapping they were made with: without this a new field could be searched from next month on. */
async function addFields(
  client: Client,
  { existing, mapping: { _meta, ...mapping } }: Templates,
): Promise<void> {
  const put = client.indices.putMapping({ index: existing, ...mapping });
  await asked(() => put.catch(unlessMissing).catch(refused(`the mapping of ${existing}`)));
}

async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw storeError(error);
  }
}

function unlessMissing(error: unknown): undefined {
  if (!hasStatus(error, 404)) throw error;
}

function refused(what: string): (error: unknown) => never {
  return (error) => {
    if (!hasStatus(error, 400)) throw error;
    throw conflict(`Elasticsearch refuses ${what}: ${reasonOf(failureOf(error))}`, error);
  };
}

function conflict(what: string, cause?: unknown): GatewatchError {
  return new GatewatchError('STORE_TEMPLATE_CONFLICT', what, { cause });
}
