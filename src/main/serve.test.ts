import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apiClient, type Client, ProblemAnswer } from './client.ts'
import { parseConfig, type Settings } from './config.ts'
import { demoSignal, runDemo } from './demo.ts'
import { Stop } from './exit.ts'
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

  it('that cannot be removed keeps trading halted, and the release says so', async () => {
    const how = settings()
    mkdirSync(join(how.dataDir, 'HALT', 'full'), { recursive: true })
    await running(how, async (gateway) => {
      const { session } = await as(gateway, '').signIn(gateway.setupCode, 'ana')
      let problem: ProblemAnswer['problem'] | null = null
      await until(async () => {
        try {
          await as(gateway, session).resume('it was toast')
        } catch (error) {
          if (!(error instanceof ProblemAnswer)) throw error
          problem = error.problem
        }
        return problem?.code !== 'UNRECONCILED'
      })
      assert.match(JSON.stringify(problem), /TRADING_HALTED.*HALT cannot be removed \(ENOTEMPTY\).*by hand/)
      assert.match((await halted(gateway)) ?? '', /cannot be removed/)
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

  it('is not written by a halt of a part, nor removed by its release; made by hand it raises a halt that stops less', async () => {
    await running(settings(), async (gateway) => {
      const { session } = await as(gateway, '').signIn(gateway.setupCode, 'ana')
      const ana = as(gateway, session)
      const held = async (): Promise<unknown> =>
        (await ana.halted()).halts.map(({ scope, level }) => `${scope} ${level}`).sort()
      await ana.halt('it repeats itself', { scope: 'strategy:trend' })
      await ana.halt('only for lunch', { level: 'K2' })
      await delay(1200)
      assert.deepEqual([existsSync(gateway.places.halt), await held()], [false, ['global K2', 'strategy:trend K1']])
      writeFileSync(gateway.places.halt, JSON.stringify({ by: 'ben', reason: 'smoke in the room' }))
      await until(async () => (await halted(gateway)) === 'smoke in the room')
      assert.deepEqual(await held(), ['global K4', 'strategy:trend K1'])
      await ana.resume('mended', 'strategy:trend')
      assert.deepEqual([existsSync(gateway.places.halt), await held()], [true, ['global K4']])
    })
  })

  it('made just before the release of a halt that stops less is not taken away with it', async () => {
    await running(settings(), async (gateway) => {
      const { session } = await as(gateway, '').signIn(gateway.setupCode, 'ana')
      const ana = as(gateway, session)
      await ana.halt('only for lunch', { level: 'K2' })
      await until(async () => (await ana.halted()).proven)
      writeFileSync(gateway.places.halt, JSON.stringify({ by: 'ben', reason: 'smoke in the room' }))
      await assert.rejects(ana.resume('lunch is over'), (error) => error instanceof ProblemAnswer)
      assert.deepEqual([existsSync(gateway.places.halt), await halted(gateway)], [true, 'smoke in the room'])
    })
  })
})

describe('the key of the journal', () => {
  const refused = async (how: Settings, message: RegExp): Promise<void> => {
    await assert.rejects(startGateway(how, { quiet: true }), (error) => {
      assert.ok(error instanceof Stop)
      assert.deepEqual([error.exit, error.code], ['DATA', 'AUDIT_KEY_CHANGED'])
      assert.match(error.message, message)
      return true
    })
  }

  it('that is lost or was exchanged is not replaced in silence: a new one would vouch for an older database', async () => {
    const [how, other] = [settings(), settings()]
    for (const one of [how, other]) await running(one, async () => {})
    const key = join(how.dataDir, 'audit-key.pem')
    const own = readFileSync(key)
    rmSync(key)
    await refused(how, /audit-key\.pem is missing/)
    assert.equal(existsSync(key), false, 'and none is made')
    cpSync(join(other.dataDir, 'audit-key.pem'), key)
    await refused(how, /is not the one that .*audit-key\.pub names/)
    writeFileSync(key, own, { mode: 0o600 })
    await running(how, async () => {})
  })

  it('given by reference is noted as well, so that the journal can be verified here', async () => {
    const maker = settings()
    await running(maker, async () => {})
    const how = settings(`audit:\n  key: file:${join(maker.dataDir, 'audit-key.pem')}\n`)
    await running(how, async (gateway) =>
      assert.equal(readFileSync(gateway.places.verifierKey, 'utf8').trim(), gateway.verifierKey),
    )
  })

  it('has signed none of the anchors: said, because an older database would not be noticed', async () => {
    const how = settings()
    await running(how, async (gateway) => assert.doesNotMatch(readFileSync(gateway.places.log, 'utf8'), /the anchors/))
    rmSync(join(how.dataDir, 'anchors.jsonl'))
    await running(how, async (gateway) =>
      assert.match(readFileSync(gateway.places.log, 'utf8'), /the anchors hold no checkpoint of this journal/),
    )
  })
})

describe('the account that a book is about', () => {
  it('is shown by the name that the broker has for it', async () => {
    await running(settings(), async (gateway) => {
      const { broker, brokerName } = await as(gateway, gateway.agentToken).account()
      assert.deepEqual([broker, brokerName], ['sim', 'simulated'])
    })
  })
  it('is the only one: another name needs another data directory, and nothing is written', async () => {
    const how = settings()
    await running(how, async () => {})
    const other = { ...how, account: { ...how.account, name: 'second' } }
    await assert.rejects(startGateway(other, { quiet: true }), (error) => {
      assert.ok(error instanceof Stop)
      assert.deepEqual([error.exit, error.code], ['CONFIG', 'OTHER_ACCOUNT'])
      assert.match(error.message, /holds the book of paper:sim:main; paper:sim:second needs another/)
      assert.match(error.lines.join('\n'), /Nothing was started.*dataDir: data-sim-second/s)
      return true
    })
    await running(how, async (gateway) => {
      const { size } = await gateway.reads.head()
      const rows = await gateway.reads.journal(0, size)
      assert.deepEqual(
        rows
          .filter((row) => row.action.startsWith('gateway.') || row.action === 'account.identified')
          .map((r) => r.action),
        ['account.identified', 'gateway.started', 'gateway.stopped', 'gateway.started'],
      )
    })
  })
})

it("a broker's book that is damaged stops the start with words, not with a stack", async () => {
  const how = settings()
  await running(how, async () => {})
  for (const part of ['-wal', '-shm']) rmSync(join(how.dataDir, `sim-broker.db${part}`), { force: true })
  writeFileSync(join(how.dataDir, 'sim-broker.db'), 'no database'.repeat(1000))
  await assert.rejects(startGateway(how, { quiet: true }), (error) => {
    assert.ok(error instanceof Stop)
    assert.match(error.message, /The book of the simulated broker cannot be used: .*sim-broker\.db/)
    return true
  })
})

describe('a sign-in code', () => {
  it('for one name signs in nobody else, whoever is here already', async () => {
    await running(settings(), async (gateway) => {
      const operator = as(gateway, readFileSync(gateway.places.operatorToken, 'utf8').trim())
      await operator.signIn(gateway.setupCode, 'Ana')
      const { code } = await operator.signinCode('Ben  Li')
      for (const name of ['Ana', 'Ben', 'Cleo'])
        await assert.rejects(operator.signIn(code, name), /This code is unknown/)
      assert.deepEqual((await operator.signIn(code.toUpperCase(), 'ben li')).me.roles, ['trader', 'approver'])
      await assert.rejects(operator.signIn(code, 'Ben Li'), /This code is unknown/)
    })
  })

  it('for nobody in particular is for whoever has it', async () => {
    await running(settings(), async (gateway) => {
      const operator = as(gateway, readFileSync(gateway.places.operatorToken, 'utf8').trim())
      await operator.signIn(gateway.setupCode, 'Ana')
      const { code } = await operator.signinCode()
      assert.equal((await operator.signIn(code, 'ana')).me.roles.length, 5)
    })
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
