import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type * as Wire from '../api/wire.ts'
import { apiClient, type Client as Api } from './client.ts'
import { parseConfig } from './config.ts'
import { type Gateway, startGateway } from './serve.ts'

const root = mkdtempSync(join(tmpdir(), 'mcp-'))
after(() => rmSync(root, { recursive: true, force: true }))
const CONFIG = join(root, 'jax-exec.yaml')
const TEXT = 'dataDir: data\nlisten:\n  port: 0\npolicy:\n  duplicateWindowMs: 0\n'
writeFileSync(CONFIG, TEXT)
const CLI = join(import.meta.dirname, 'cli.ts')
const COMMAND = [CLI, 'mcp', '--config', CONFIG]

type Told = {
  outcome: string
  next: string
  data: { intent?: Wire.Intent; problem?: Wire.Problem } & Record<string, unknown>
}
type Assistant = { readonly client: Client; call(name: string, given: object): Promise<Told> }

async function connected(transport: Transport, era: 'new' | 'older'): Promise<Assistant> {
  const mode = era === 'new' ? { pin: '2026-07-28' } : ('legacy' as const)
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(transport)
  assert.equal(client.getNegotiatedProtocolVersion(), era === 'new' ? '2026-07-28' : '2025-11-25')
  const call: Assistant['call'] = async (name, given) => {
    const { structuredContent } = await client.callTool({ name, arguments: { ...given } })
    return structuredContent as Told
  }
  return { client, call }
}

describe('the same gateway by HTTP and MCP', () => {
  let gateway: Gateway
  let http: Api
  let ana: Api
  /** By each road that an assistant may come. */
  const roads: Record<string, Assistant> = {}
  before(async () => {
    const read = parseConfig(TEXT, CONFIG, [])
    assert.ok(read.ok)
    gateway = await startGateway(read.value.settings, { quiet: true })
    http = apiClient({ url: gateway.url, token: gateway.agentToken })
    const { session } = await apiClient({ url: gateway.url, token: null }).signIn(gateway.setupCode, 'ana')
    ana = apiClient({ url: gateway.url, token: session })
    const overHttp = (): Transport =>
      new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${gateway.agentToken}` } },
      })
    const overStdio = (): Transport =>
      new StdioClientTransport({ command: process.execPath, args: COMMAND, stderr: 'inherit' })
    const [a, b, c, d] = await Promise.all([
      connected(overHttp(), 'new'),
      connected(overHttp(), 'older'),
      connected(overStdio(), 'new'),
      connected(overStdio(), 'older'),
    ])
    Object.assign(roads, { 'mcp new': a, 'mcp older': b, 'stdio new': c, 'stdio older': d })
  })
  after(async () => {
    for (const { client } of Object.values(roads)) await client.close()
    await gateway.close()
  })

  async function signalFor(symbol: string, id: string, away = 1.002): Promise<Record<string, unknown>> {
    const { ask } = await http.quote(symbol)
    const entry = Number(ask) * away
    const now = Date.now()
    return {
      id,
      symbol,
      strategy_id: 'pullback',
      signal_type: 'BUY',
      confidence: 0.8,
      entry_price: entry.toFixed(2),
      stop_loss: (entry * 0.98).toFixed(2),
      reasoning: 'Came back to its average.',
      generated_at: new Date(now).toISOString(),
      expires_at: new Date(now + 600_000).toISOString(),
    }
  }
  async function until<T>(look: () => Promise<T | null>, what: string): Promise<T> {
    for (const end = Date.now() + 20_000; ; await delay(50)) {
      const seen = await look()
      if (seen !== null) return seen
      assert.ok(Date.now() < end, what)
    }
  }
  /** As it is whoever asks; what is done with it meanwhile is not compared. */
  const same = (intent: Wire.Intent): unknown => ({ ...intent, can: null })

  it('the same intent by HTTP and MCP at once, again and again: one intent, one order, equal answers', async () => {
    // Below the market, so that it rests and can be counted at the broker.
    const signal = await signalFor('AAPL', 'at-once', 0.985)
    /** The answer once it is sized: a busy machine may say first that it is recorded. */
    const sized = (propose: () => Promise<Wire.Intent>): Promise<Wire.Intent> =>
      until(async () => {
        const intent = await propose()
        return intent.state === 'Received' ? null : intent
      }, 'it is sized')
    const everywhere = (): Promise<Wire.Intent>[] => [
      sized(async () => (await http.submit(signal)).intent),
      ...Object.values(roads).map((road) =>
        sized(async () => (await road.call('propose_signal', signal)).data.intent as Wire.Intent),
      ),
    ]
    const [first, ...others] = (await Promise.all([...everywhere(), ...everywhere(), ...everywhere()])).map(same)
    for (const other of others) assert.deepEqual(other, first)
    const { items } = await ana.intents({ symbol: 'AAPL' })
    assert.deepEqual(
      items.map(({ intentID, state }) => [intentID, state]),
      [['at-once', 'AwaitingApproval']],
    )

    await ana.approve('at-once', items[0]?.digest ?? '')
    // While it leaves, every road proposes it once more.
    await Promise.all(everywhere())
    const asked = roads['mcp new'] as Assistant
    await until(async () => {
      const { outcome, data } = await asked.call('get_order', { id: 'at-once' })
      assert.equal(outcome, 'underway')
      return data.intent?.ordStatus === 'New' ? true : null
    }, 'the broker has it')
    await Promise.all(everywhere())
    const ours = (await ana.orders({ symbol: 'AAPL' })).items.filter(({ role }) => role === 'Entry')
    const held = (await gateway.broker.openOrders()).filter(
      ({ terms, parentOrderID }) => terms.symbol === 'AAPL' && parentOrderID === null,
    )
    assert.deepEqual([ours.length, held.map(({ clOrdID }) => clOrdID)], [1, ours.map(({ clOrdID }) => clOrdID)])
  })

  it('the same id with another body is a conflict by every road, whichever came first', async () => {
    const signal = await signalFor('MSFT', 'conflict')
    const [asked, ...others] = Object.values(roads)
    await asked?.call('propose_signal', signal)
    const other = { ...signal, reasoning: 'Another idea.' }
    const codes = await Promise.all(
      [asked, ...others].map(async (road) => (await road?.call('propose_signal', other))?.data.problem?.code),
    )
    assert.deepEqual(codes, Array(4).fill('INTENT_CONFLICT'))
    await assert.rejects(http.submit(other), /Nothing was changed/)
    const back = await roads['stdio older']?.call('withdraw_order', { id: 'conflict' })
    assert.equal(back?.data.intent?.state, 'Withdrawn')
  })

  it('an order that never arrives is unknown until that is proven, by every road', async () => {
    const signal = await signalFor('SIM.DROP-SEND', 'lost')
    await roads['stdio new']?.call('propose_signal', signal)
    const { digest } = await ana.intent('lost')
    const heard = Object.entries(roads).map(([road, it_]) =>
      until(async () => {
        const { outcome, next, data } = await it_.call('get_order', { id: 'lost' })
        const isInDoubt = data.intent?.ordStatus === 'InDoubt'
        assert.equal(outcome === 'unknown', isInDoubt, road)
        return isInDoubt ? next : null
      }, `${road} hears that it is in doubt`),
    )
    await ana.approve('lost', digest ?? '')
    for (const next of await Promise.all(heard)) assert.match(next, /^unknown: do not submit again\./)
  })

  it('reads limits and stage as HTTP does, and stops from standard input', async () => {
    const it_ = roads['stdio new'] as Assistant
    const limits = (await it_.call('get_limits', {})).data['limits'] as Wire.LimitsNow
    assert.deepEqual(Object.keys(limits), Object.keys(await http.limits()))
    assert.deepEqual((await it_.call('get_status', {})).data['stage'], await http.stage())
    await it_.call('engage_halt', { reason: 'it repeats itself', scope: 'strategy:pullback' })
    assert.deepEqual(
      (await http.halted()).halts.map(({ scope }) => scope),
      ['strategy:pullback'],
    )
  })

  it('when the gateway is not running each tool says so, and that nothing was done; it works on when it is back', async () => {
    await gateway.close()
    const it_ = roads['stdio older'] as Assistant
    for (const [name, given] of [
      ['propose_signal', LATE],
      ['get_status', {}],
      ['engage_halt', { reason: 'x' }],
    ] as const) {
      const { outcome, next, data } = await it_.call(name, given)
      assert.deepEqual([outcome, data.problem?.code], ['failed', 'NOT_RUNNING'], name)
      assert.match(next, /not running, and nothing was done/)
      assert.match(data.problem?.detail ?? '', /npm start/)
    }
    const read = parseConfig(TEXT, CONFIG, [])
    assert.ok(read.ok)
    gateway = await startGateway(read.value.settings, { quiet: true })
    assert.equal((await it_.call('get_status', {})).outcome, 'answered')
  })
})

const LATE = {
  id: 'late',
  symbol: 'AAPL',
  strategy_id: 'pullback',
  signal_type: 'BUY',
  confidence: 0.8,
  entry_price: 187.5,
  stop_loss: 184,
  reasoning: '',
  generated_at: '2026-01-05T15:00:00Z',
  expires_at: '2036-01-05T15:00:00Z',
}

/** Runs the command, writes `input` and ends it; what it wrote. */
async function piped(
  args: readonly string[],
  input: string,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, args, { stdio: 'pipe' })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end(input)
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { code, out, err }
}

describe('jax-exec mcp', () => {
  const ask = (id: number, name: string): string =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":{}}}\n`

  it('writes messages to standard output and nothing else, and answers what was asked before the input ended', async () => {
    const { code, out } = await piped(
      [CLI, 'mcp', '--config', CONFIG, '--data-dir', join(root, 'never-started')],
      `${ask(1, 'get_status')}{"a":1}\n{"a":1,"a":2}\n${ask(2, 'get_limits').trimEnd()}`,
    )
    assert.equal(code, 0)
    const answers = out
      .trimEnd()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { id: unknown; error?: { code: number }; result?: { structuredContent: Told } },
      )
    assert.deepEqual(answers.map(({ id, error }) => `${String(id)} ${error?.code ?? 'answered'}`).sort(), [
      '1 answered',
      '2 answered',
      'null -32600',
      'null -32700',
    ])
    for (const { result } of answers.filter(({ id }) => id !== null)) {
      assert.deepEqual(
        [result?.structuredContent.outcome, result?.structuredContent.data.problem?.code],
        ['failed', 'NO_TOKEN'],
      )
      assert.match(result?.structuredContent.data.problem?.detail ?? '', /first start of the service/)
    }
  })

  it('tells a mistake in the configuration at once, on standard error', async () => {
    const bad = join(root, 'bad.yaml')
    writeFileSync(bad, 'listen:\n  prot: 1\n')
    const { code, out, err } = await piped([CLI, 'mcp', '--config', bad], ask(1, 'get_status'))
    assert.deepEqual([code === 0, out], [false, ''])
    assert.match(err, /bad\.yaml:2:3/)
  })

  it('has no option for a token, so that none is ever in a list of processes', async () => {
    const { out } = await piped([CLI, 'mcp', '--help'], '')
    assert.match(out, /"mcpServers"[\s\S]*never from the command line/)
    assert.doesNotMatch(out, /--token|jax_paper_/)
  })
})
