import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apiClient, type Client, ProblemAnswer } from './client.ts'
import { parseConfig, type Settings } from './config.ts'
import { demoSignal, runDemo } from './demo.ts'
import { type Gateway, startGateway } from './serve.ts'

const root = mkdtempSync(join(tmpdir(), 'serve-'))
after(() => rmSync(root, { recursive: true, force: true }))
let n = 0

function settings(extra = ''): Settings {
  const read = parseConfig(
    `dataDir: data-${n++}\nlisten:\n  port: 0\npolicy:\n  duplicateWindowMs: 0\n${extra}`,
    join(root, 'jax-exec.yaml'),
    [],
  )
  assert.ok(read.ok)
  return read.value.settings
}
async function running(how: Settings, work: (gateway: Gateway) => Promise<void>): Promise<void> {
  const gateway = await startGateway(how, { quiet: true })
  try {
    await work(gateway)
  } finally {
    await gateway.close()
  }
}
const as = (gateway: Gateway, token: string): Client => apiClient({ url: gateway.url, token })
const halted = async (gateway: Gateway): Promise<string | null> =>
  (await gateway.reads.get('halt', 'global'))?.state?.reason ?? null
async function until(look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await look())) {
    assert.ok(Date.now() < end, 'it did not happen')
    await delay(50)
  }
}

describe('the HALT file', () => {
  it('made by hand halts a running gateway with its words, and a release removes it', async () => {
    await running(settings(), async (gateway) => {
      const { session } = await as(gateway, '').signIn(gateway.setupCode, 'ana')
      const ana = as(gateway, session)
      writeFileSync(gateway.places.halt, JSON.stringify({ by: 'ben', reason: 'smoke in the room' }))
      await until(async () => (await halted(gateway)) !== null)
      assert.equal(await halted(gateway), 'smoke in the room')
      await until(async () => {
        try {
          await ana.resume('it was toast')
          return true
        } catch (error) {
          if (error instanceof ProblemAnswer && error.problem.code === 'UNRECONCILED') return false
          throw error
        }
      })
      assert.equal(existsSync(gateway.places.halt), false)
      await delay(1200)
      assert.equal(await halted(gateway), null, 'a file that is gone halts nothing again')
    })
  })

  it('is written when anybody halts, and outlives the gateway', async () => {
    const how = settings()
    await running(how, async (gateway) => {
      await as(gateway, gateway.agentToken).halt('the feed looks wrong')
      assert.match(readFileSync(gateway.places.halt, 'utf8'), /the feed looks wrong/)
    })
    await running(how, async (gateway) => assert.equal(await halted(gateway), 'the feed looks wrong'))
  })
})

describe('tokens in files', () => {
  it('stay the same from start to start, and are made anew when the database does not know them', async () => {
    const how = settings()
    let first = ''
    await running(how, async (gateway) => {
      first = gateway.agentToken
      assert.equal((await as(gateway, first).me()).kind, 'agent')
    })
    await running(how, async (gateway) => assert.equal(gateway.agentToken, first))
    for (const name of ['jax-exec.db', 'jax-exec.db-wal', 'jax-exec.db-shm', 'sim-broker.db', 'anchors.jsonl'])
      rmSync(join(how.dataDir, name), { force: true })
    await running(how, async (gateway) => {
      assert.notEqual(gateway.agentToken, first)
      assert.equal(readFileSync(gateway.places.agentToken, 'utf8').trim(), gateway.agentToken)
      assert.equal((await as(gateway, gateway.agentToken).me()).kind, 'agent')
      await assert.rejects(as(gateway, first).me(), ProblemAnswer)
    })
  })

  it('may be given by reference; a word that is no token is refused', async () => {
    const given = `jax_paper_abcdefgh_${'x'.repeat(43)}`
    writeFileSync(join(root, 'given'), given, { mode: 0o600 })
    await running(settings('access:\n  agentToken: file:given\n'), async (gateway) => {
      assert.equal((await as(gateway, given).me()).id, 'abcdefgh')
      assert.equal(existsSync(gateway.places.agentToken), false)
    })
    writeFileSync(join(root, 'given'), 'hunter2', { mode: 0o600 })
    await assert.rejects(
      startGateway(settings('access:\n  agentToken: file:given\n'), { quiet: true }),
      /is not a token of ours/,
    )
  })

  it('that were revoked stay revoked', async () => {
    const how = settings()
    await running(how, async (gateway) => {
      const { session } = await as(gateway, '').signIn(gateway.setupCode, 'ana')
      await as(gateway, session).revokeToken((await as(gateway, gateway.agentToken).me()).id)
    })
    await running(how, async (gateway) => {
      await assert.rejects(as(gateway, gateway.agentToken).me(), /revoked/)
    })
  })
})

it('an approval made just before a stop is carried on after the next start', async () => {
  const how = settings()
  let id = ''
  await running(how, async (gateway) => {
    const agent = as(gateway, gateway.agentToken)
    const { session } = await agent.signIn(gateway.setupCode, 'ana')
    const { intent } = await agent.submit(demoSignal(await agent.quote('AAPL'), 'carry-on', () => 0.5, new Date()))
    assert.equal(intent.state, 'AwaitingApproval')
    id = intent.intentID
    await as(gateway, session).approve(id, intent.digest ?? '')
  })
  await running(how, async (gateway) => {
    await until(async () =>
      (await gateway.reads.ordersOf(id as never)).some(
        (order) => order.role === 'Entry' && order.delivery === 'Delivered',
      ),
    )
    assert.equal((await gateway.reads.ordersOf(id as never)).filter((order) => order.role === 'Entry').length, 1)
  })
})

it('the demo sends through the same door as the assistant', async () => {
  await running(settings(), async (gateway) => {
    const told: string[] = []
    const stop = new AbortController()
    await runDemo(
      {
        client: as(gateway, gateway.agentToken),
        symbols: ['AAPL', 'EUR/USD'],
        random: () => 0.5,
        sleep: async () => {
          if (told.length >= 2) stop.abort()
        },
        now: () => new Date(),
        tell: (line) => void told.push(line),
        everyMs: 1,
        speed: 1,
      },
      stop.signal,
    )
    assert.equal(told.length, 2)
    assert.match(told[0] ?? '', /^demo-\w+-1: Buy EUR\/USD, AwaitingApproval$/)
  })
})

it('a second gateway on the same data directory is refused, and leaves the first one running', async () => {
  const how = settings()
  await running(how, async (gateway) => {
    await assert.rejects(startGateway(how, { quiet: true }), /A gateway is running on this data directory already/)
    assert.equal((await as(gateway, gateway.agentToken).status()).halted, false)
  })
})
