import type { Command } from 'commander';
import { usesElasticsearch } from '../../app.ts';
import { GatewatchError } from '../../errors.ts';
import { elasticsearchClient } from '../../index/elasticsearch/client.ts';
import { neededPrivileges } from '../../index/elasticsearch/privileges.ts';
import { checkServer } from '../../index/elasticsearch/server.ts';
import { installTemplates } from '../../index/elasticsearch/setup.ts';
import { plannedTemplates } from '../../index/elasticsearch/templates.ts';
import { addConfigOptions, type ConfigOptions, configFrom } from '../config-options.ts';

interface SetupOptions extends ConfigOptions {
  readonly dryRun?: true;
}

/** Adds `gatewatch index setup`. */
export function addIndexCommand(program: Command): void {
  const command = program.command('index').description('where alerts are kept in Elasticsearch');
  addConfigOptions(command.command('setup'))
    .description('install the index templates, and add new fields to the indices that exist')
    .option('--dry-run', 'print the templates, and the privileges that each part of Gatewatch needs, as JSON')
    .action((options: SetupOptions) => setup(options));
}

async function setup(options: SetupOptions): Promise<void> {
  const config = configFrom(options);
  const { elasticsearch } = config;
  const planned = plannedTemplates(elasticsearch);
  if (options.dryRun) {
    print(
      JSON.stringify(
        {
          component_templates: planned.flatMap(({ components }) => components),
          index_templates: planned.map(({ index }) => index),
          privileges: neededPrivileges(elasticsearch),
        },
        undefined,
        2,
      ),
    );
    return;
  }
  if (!usesElasticsearch(config)) {
    throw new GatewatchError(
      'USAGE_INVALID',
      'Alerts are kept in the embedded store: there is nothing to set up.',
      {
        where: 'elasticsearch.nodes',
      },
    );
  }
  const client = elasticsearchClient(elasticsearch);
  try {
    const version = await checkServer(client);
    if (version !== undefined) print(`Elasticsearch ${version}`);
    for (const { kind, name, outcome } of await installTemplates(client, planned)) {
      print(
        outcome === 'newer'
          ? `${kind} ${name}: a newer Gatewatch's, left in place`
          : `${kind} ${name}: ${outcome}`,
      );
    }
  } finally {
    await client.close();
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
