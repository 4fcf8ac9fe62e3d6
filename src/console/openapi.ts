import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { ConsoleOptions } from './options.ts';
import { errorSchema } from './schemas.ts';

/** What any route of the API may answer besides its own. */
export const ERROR_RESPONSES = { '4xx': errorSchema, '5xx': errorSchema } as const;

/** Publishes the API's description at `/openapi.json`. It needs no login: it says nothing that this source does not. */
export async function registerOpenApi(fastify: FastifyInstance, { version }: ConsoleOptions): Promise<void> {
  await fastify.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Gatewatch', version, description: 'Alerts of the Kubernetes admission gate.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => {
      const openapi = jsonSchemaTransformObject(document);
      // What is named is never sent to us: its variant for input would only confuse.
      const { schemas } = (openapi as { components: { schemas: Record<string, unknown> } }).components;
      for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
      return openapi;
    },
  });
  // Schemas describe: routes read their queries by parseQuery, whose errors are ours, and answers are sent as they are.
  fastify.setValidatorCompiler(() => (value) => ({ value }));
  fastify.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  fastify.get('/openapi.json', { schema: { hide: true } }, async () => fastify.swagger());
}
