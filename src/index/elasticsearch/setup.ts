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
    const parts: Installed[] = [];
    for (const component of templates.components) parts.push(await installComponent(client, component));
    parts.push(await installIndexTemplate(client, templates.index));
    // The mapping of a newer Gatewatch has all of these fields, and may say more of them.
    if (parts.every(({ outcome }) => outcome !== 'newer')) await addFields(client, templates);
    installed.push(...parts);
  }
  await verifyTemplates(client, planned);
  return installed;
}

/**
 * Makes sure that the templates are installed and that new indices will be made by them. Only who may manage templates is told which one
 * applies; for others it is enough that they are there.
 * @throws STORE_TEMPLATE_CONFLICT if a template is missing or another takes precedence; STORE_*
 */
export async function verifyTemplates(client: Client, planned: readonly Templates[]): Promise<void> {
  for (const { example, index } of planned) {
    if ((await asked(() => presentIndexTemplate(client, index.name).catch(unlessMissing))) === undefined)
      throw conflict(`The index template ${index.name} is not installed; \`gatewatch index setup\` does it.`);
    if ((await asked(() => appliesTo(client, example).catch(unlessNotAllowed))) === false)
      throw conflict(`Another index template than ${index.name} applies to indices like ${example}.`);
  }
}

async function appliesTo(client: Client, index: string): Promise<boolean> {
  const { template } = await client.indices.simulateIndexTemplate({ name: index });
  return template?.mappings?._meta?.managed_by === MANAGED_BY;
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
    get: () => presentIndexTemplate(client, name),
    put: () => client.indices.putIndexTemplate({ name, ...body }),
  });
}

async function presentIndexTemplate(client: Client, name: string): Promise<Present | undefined> {
  return (await client.indices.getIndexTemplate({ name })).index_templates[0]?.index_template;
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

function unlessNotAllowed(error: unknown): undefined {
  if (!hasStatus(error, 403)) throw error;
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
