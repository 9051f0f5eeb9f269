import { serveStdio } from '@modelcontextprotocol/server/stdio'
import packageJson from '../../../package.json' with { type: 'json' }
import type * as Wire from '../../api/wire.ts'
import { agentServer, type Ask, NOT_ASKED } from '../../api/tools.ts'
import { Numeral } from '../../values/json.ts'
import { ProblemAnswer } from '../client.ts'
import type { Context } from '../context.ts'
import { endingOf } from '../ending.ts'
import { harmless } from '../print.ts'
import { messages } from '../stdio.ts'

/**
 * MCP on standard input and output, until standard input ends. Each tool is one request to the gateway with the
 * assistant's token; nothing is kept between two, so that the gateway may start, stop and move meanwhile.
 */
export async function mcp(ctx: Context): Promise<void> {
  // A mistake in the configuration is told now, to whoever reads standard error, and not to the assistant again and again.
  ctx.settings()
  const wire = messages(process.stdin, process.stdout)
  const say = (error: Error): void => ctx.out.say(harmless(error.message))
  serveStdio(() => agentServer({ version: packageJson.version, ask: askOf(ctx) }), {
    transport: wire,
    maxSubscriptions: 0,
    onerror: say,
  })
  await wire.closed
}

const askOf =
  (ctx: Context): Ask =>
  async (route, { params, query, body }) => {
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
    try {
      const client = ctx.client('agent')
      return await client.call(route.method, path, query as Parameters<typeof client.call>[2], body && jsonOf(body))
    } catch (error) {
      if (error instanceof ProblemAnswer) return { status: error.problem.status, body: error.problem }
      const ending = endingOf(error)
      if (ending === null) throw error
      const { code, message, lines } = ending
      const detail = [message, ...lines].map((line) => (/[.?!]$/.test(line) ? line : `${line}.`)).join(' ')
      const problem: Wire.Problem = { type: 'about:blank', title: message, status: 503, code, detail }
      // Only a request that left may have been carried out.
      return { status: code === 'NO_ANSWER' ? 503 : NOT_ASKED, body: problem }
    }
  }

/** As JSON, each number as it was written. */
const jsonOf = (body: unknown): string =>
  JSON.stringify(body, (_, value: unknown) => (value instanceof Numeral ? rawJSON(value.source) : value))
// The types of this library's version do not know it yet.
const { rawJSON } = JSON as unknown as { readonly rawJSON: (source: string) => unknown }
