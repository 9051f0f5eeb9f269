import { createMcpHandler } from '@modelcontextprotocol/server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Numeral } from '../values/json.ts'
import { err, ok } from '../values/result.ts'
import type { Caller } from './access.ts'
import { field, oneOf } from './fields.ts'
import { type Answer, problem } from './problem.ts'
import { type Route, route } from './route.ts'
import { agentServer, type Ask } from './tools.ts'

/** How a tool of this caller reaches its route, as its HTTP request would: the same scope, schema, handler and faults. */
export type AskAs = (request: FastifyRequest, reply: FastifyReply, caller: Caller) => Ask

const message = z.strictObject({
  jsonrpc: oneOf(['2.0'], 'The version of JSON-RPC.'),
  id: field<unknown>((value) => ok(value), {
    type: ['string', 'number'],
    description: 'Of the request; absent on a notification.',
    examples: [1],
  }).optional(),
  method: field<string>((value) => (typeof value === 'string' ? ok(value) : err('must be text')), {
    type: 'string',
    description: 'Of MCP.',
    examples: ['tools/call'],
  }),
  params: field<unknown>((value) => ok(value), {
    type: 'object',
    description: 'As the method takes them.',
    examples: [{ name: 'get_status', arguments: {} }],
  }).optional(),
})

/** `POST /mcp`: MCP over streamable HTTP for assistants, one answer for each message, and nothing kept between two. */
export const mcpRoute = (version: string, askAs: AskAs): Route =>
  route({
    name: 'callMcp',
    method: 'POST',
    path: '/mcp',
    access: 'signed-in',
    tag: 'Service',
    summary: 'MCP for assistants',
    description:
      'Model Context Protocol over streamable HTTP, stateless, for the revisions 2026-07-28 and 2025-11-25. For tokens of agents alone. Each tool is a route of this API under another name, and takes the same scopes; `docs/mcp.md` lists them. Errors of the protocol are JSON-RPC errors.',
    body: message,
    answers: {
      200: {
        description: 'The answer, as JSON-RPC in JSON or as one server-sent event.',
        schema: null,
        type: 'application/json',
      },
      202: { description: 'A notification was taken.', schema: null },
    },
    problems: ['FORBIDDEN'],
    async run(_api, { caller, request, reply }) {
      // A person clicks; what an assistant does must not count as theirs, whoever's session it found.
      if (caller.kind !== 'agent')
        return problem('FORBIDDEN', 'MCP is for assistants: send the token of an agent, not the session of a person.')
      // The road is part of who did it.
      const ask = askAs(request, reply, { ...caller, actor: { ...caller.actor, via: 'mcp' } })
      const handler = createMcpHandler(() => agentServer({ version, ask }), {
        // Nothing here ever changes what was listed, so that there is nothing to listen for.
        maxSubscriptions: 0,
        keepAliveMs: 0,
      })
      const sent = new Request(`http://${request.headers.host}/mcp`, { method: 'POST', headers: headersOf(request) })
      const response = await handler.fetch(sent, { parsedBody: plainMessage(request.body) })
      const body = await response.text()
      return answerOf(response, body)
    },
  })

/** What the protocol looks at, and no credential. */
const headersOf = ({ headers }: FastifyRequest): Headers =>
  new Headers(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value !== undefined && /^(accept|content-type|mcp-[a-z-]+)$/.test(name) ? [[name, String(value)]] : [],
    ),
  )

function answerOf(response: Response, body: string): Answer {
  const type = response.headers.get('content-type')
  return { status: response.status, ...(body !== '' && { body }), ...(type !== null && { type }) }
}

/**
 * A message as the protocol's library takes it: numbers are numbers, but for those in the arguments of a tool. They stay
 * as they were written, for its route to read.
 */
export function plainMessage(body: unknown): unknown {
  if (!isFields(body)) return plain(body)
  const { params } = body
  if (!isFields(params) || !('arguments' in params)) return plain(body)
  const { arguments: given, ...rest } = params
  return { ...(plain({ ...body, params: rest }) as object), params: { ...(plain(rest) as object), arguments: given } }
}
const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Numeral)

function plain(value: unknown): unknown {
  if (value instanceof Numeral) return Number(value.source)
  if (Array.isArray(value)) return value.map(plain)
  return isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)])) : value
}
