import { z } from 'zod'
import { SCOPES } from './access.ts'
import { PROBLEM_JSON, PROBLEMS } from './problem.ts'
import { isForms, problemsOf, remembers, type Route } from './route.ts'
import { components, problemSchema } from './schema.ts'

export type JsonSchema = { readonly [keyword: string]: unknown }
type ObjectSchema = JsonSchema & {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

/** Inside a document a schema has no address of its own. */
const plain = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== '$schema' && keyword !== '$id'))
/** A request schema as JSON Schema: what may be sent, not what it is turned into. */
export const requestSchema = (schema: z.ZodType): ObjectSchema =>
  plain(
    z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      // zod drops the examples of what it transforms, because they could be of the result; ours are of what is sent.
      override({ zodSchema, jsonSchema }) {
        const { examples } = z.globalRegistry.get(zodSchema) ?? {}
        if (Array.isArray(examples)) jsonSchema.examples = examples
      },
    }) as JsonSchema,
  )

const refTo = (id: string) => ({ $ref: `#/components/schemas/${id}` })
function ref(schema: z.ZodType): JsonSchema {
  const known = components.get(schema)
  return known ? refTo(known.id) : requestSchema(schema)
}

/** `/v1/intents/:id` as OpenAPI writes it. */
const template = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}')

/** The OpenAPI 3.1 document of a route table. */
export function openapi(
  routes: readonly Route[],
  about: { readonly version: string; readonly sessionCookie: string },
): JsonSchema {
  const { schemas } = z.toJSONSchema(components, { io: 'input', uri: (id) => refTo(id).$ref })
  const requests: Record<string, JsonSchema> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = (paths[template(route.path)] ??= {})
    path[route.method.toLowerCase()] = operation(route, requests)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Jax Execution',
      version: about.version,
      description:
        'Decimals are text, times are RFC 3339 UTC with microseconds. Errors are RFC 9457 problems with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: {
        ...Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, plain(schema as JsonSchema)])),
        ...requests,
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: "An agent's token `jax_…`, or a person's session on the command line `jaxs_…`.",
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: about.sessionCookie,
          description:
            'A person in the browser; changes also need the header `X-Jax-CSRF`. A session that nobody uses ends; a request that a page makes by itself says in `X-Jax-Away` for how many seconds nobody has touched it, and is then no use of the session.',
        },
      },
    },
  }
}

function operation(route: Route, requests: Record<string, JsonSchema>): JsonSchema {
  const scopes = typeof route.access === 'string' ? [] : route.access
  const who =
    scopes.length > 0
      ? `Needs ${scopes.map((scope) => `\`${scope}\` (${SCOPES[scope][0] === 'people' ? 'people only' : 'people and agents'})`).join(' or ')}.`
      : ''
  return {
    operationId: route.name,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, who].filter(Boolean).join('\n\n'),
    security: route.access === 'open' ? [] : [{ bearer: [] }, { session: [] }],
    ...(scopes.length > 0 ? { 'x-scopes': scopes } : {}),
    parameters: [...parameters('path', route.params), ...parameters('query', route.query), ...headers(route)],
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, requests) }),
    responses: responses(route),
  }
}

function parameters(where: 'path' | 'query', schema: z.ZodType | undefined): JsonSchema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = requestSchema(schema)
  return Object.entries(properties).map(([name, { description, examples, ...rest }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    ...(Array.isArray(examples) && examples.length > 0 ? { example: examples[0] as unknown } : {}),
    schema: rest,
  }))
}

function headers(route: Route): JsonSchema[] {
  const header = (name: string, description: string): JsonSchema => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  })
  return [
    ...(remembers(route)
      ? [
          header(
            'Idempotency-Key',
            'A repeat with the same key gets the first answer, for as long as the process runs.',
          ),
        ]
      : []),
    ...(route.method !== 'GET' && route.access !== 'open'
      ? [header('X-Jax-CSRF', 'With the cookie session only: `csrf` of GET /v1/me.')]
      : []),
    ...(route.name === 'followEvents' ? [header('Last-Event-ID', 'Number of the last row you have.')] : []),
  ]
}

function requestBody(route: Route, requests: Record<string, JsonSchema>): JsonSchema {
  const named = (name: string, schema: z.ZodType): JsonSchema => {
    requests[name] = requestSchema(schema)
    return refTo(name)
  }
  const { body } = route
  if (body === undefined) return {}
  const capital = `${route.name.charAt(0).toUpperCase()}${route.name.slice(1)}`
  const schema = isForms(body)
    ? { oneOf: Object.entries(body.forms).map(([form, one]) => named(`${form}Request`, one)) }
    : named(`${capital}Request`, body)
  const examples = (route.examples ?? []).filter((example) => example.body !== undefined)
  return {
    required: isForms(body) || (requestSchema(body).required ?? []).length > 0,
    content: {
      'application/json': {
        schema,
        ...(examples.length > 0
          ? { examples: Object.fromEntries(examples.map(({ title, body: value }) => [title, { value }])) }
          : {}),
      },
    },
  }
}

function responses(route: Route): JsonSchema {
  const good = Object.entries(route.answers).map(([status, { description, schema, type }]) => [
    status,
    {
      description,
      ...(schema || type
        ? { content: { [type ?? 'application/json']: { schema: schema ? ref(schema) : { type: 'string' } } } }
        : {}),
    },
  ])
  const byStatus = Map.groupBy(problemsOf(route), (code) => String(PROBLEMS[code][0]))
  const bad = [...byStatus].map(([status, codes]) => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join(' '),
      content: { [PROBLEM_JSON]: { schema: ref(problemSchema) } },
    },
  ])
  return Object.fromEntries([...good, ...bad]) as JsonSchema
}
