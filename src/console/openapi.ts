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
      // Nothing that is named is ever sent to us, so the variants for input would only confuse.
      const schemas = Object.entries(openapi.components?.schemas ?? {});
      const named = Object.fromEntries(schemas.filter(([name]) => !name.endsWith('Input')));
      return { ...openapi, components: { ...openapi.components, schemas: named } };
    },
  });
  // Schemas describe: routes read their queries by parseQuery, whose errors are ours, and answers are sent as they are.
  fastify.setValidatorCompiler(() => (value) => ({ value }));
  fastify.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  fastify.get('/openapi.json', { schema: { hide: true } }, async () => fastify.swagger());
}
