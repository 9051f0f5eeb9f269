import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { ChannelClick } from '../../approvals/evidence.ts'
import type { Card, Channel, House, Place } from '../../ports/channel.ts'
import {
  type BotAnswer,
  startTeamsSimulator,
  type TeamsPerson,
  type TeamsSimulator,
} from '../../simulators/teams/server.ts'
import { Fault } from '../../values/fault.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import type { Reference } from './connector.ts'
import { ALERT, CARD, houseOf, NOON } from './example.contract.ts'
import { openTeams, type TeamsSettings } from './teams.ts'

/** The channel and the fake Teams, with a small server between them that stands for the gateway. */

let now: Instant = NOON
let teams: TeamsSimulator
let channel: Channel
let at: ReturnType<typeof houseOf>
let kept: Reference | null = null
let logged: string[] = []
let close: () => Promise<void> = async () => {}
/** Short only where nothing comes: this machine may be busy. */
let timeoutMs = 5_000
let wrap: (house: House) => House = (house) => house

const settings = (over: Partial<TeamsSettings> = {}): TeamsSettings => ({
  appID: teams.appID,
  tenantID: teams.tenantID,
  clientSecret: teams.clientSecret,
  conversation: teams.conversation,
  base: teams.url,
  testEndpoints: true,
  ...over,
})
function open(over: Partial<TeamsSettings> = {}, card: Card = CARD): void {
  at = houseOf(card)
  logged = []
  channel = openTeams(settings(over), {
    house: wrap(at.house),
    memory: {
      get: async () => kept,
      put: async (reference) => {
        kept = reference
      },
    },
    now: () => now,
    fetch,
    log: (level, text, facts) => logged.push(`${level} ${text} ${JSON.stringify(facts)}`),
    timeoutMs,
  })
}

before(async () => {
  teams = await startTeamsSimulator({ now: () => now })
  const gateway = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const headers = request.headers as Record<string, string | undefined>
      const answer = await channel.routes[0]?.handle({ headers, body: Buffer.concat(chunks), at: now })
      response.writeHead(answer?.status ?? 500, { 'content-type': answer?.type }).end(answer?.body)
    })()
  })
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve))
  teams.point(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}/channels/teams/messages`)
  close = async () => {
    gateway.closeAllConnections()
    gateway.close()
    await teams.close()
  }
})
after(() => close())
beforeEach(() => {
  now = NOON
  kept = null
  wrap = (house) => house
  timeoutMs = 5_000
  open()
})

const person = (i: number): TeamsPerson => {
  const found = teams.people[i]
  assert.ok(found)
  return found
}
const ana = (): TeamsPerson => person(0)
const ben = (): TeamsPerson => person(1)
const guest = (): TeamsPerson => person(3)

async function shown(card: Card = CARD, place: Place | null = null): Promise<Place> {
  const came = await channel.show(card, place)
  assert.equal(came.outcome, 'shown', JSON.stringify(came))
  return (came as { place: Place }).place
}
type Body = {
  statusCode: number
  type: string
  value: { code?: string; message?: string; body?: { text?: string }[]; actions?: { title: string; verb?: string }[] }
}
const bodyOf = (answer: BotAnswer): Body => answer.body as Body
const titles = (answer: BotAnswer): string[] => bodyOf(answer).value.actions?.map(({ title }) => title) ?? []
const decided = (): readonly { verdict: string; reason: string | null; by: ChannelClick }[] =>
  at.asked('decide') as { verdict: string; reason: string | null; by: ChannelClick }[]
const lastText = (): string | null => teams.messages().at(-1)?.text ?? null
const DATA = { g: CARD.gateway, a: CARD.intentID, r: CARD.rev, d: CARD.digest.slice(0, 16) }

describe('an alert', () => {
  const place = async (): Promise<Place> => {
    const came = await channel.show(ALERT, null)
    return came.outcome === 'shown' ? came.place : assert.fail(came.text)
  }
  it('is seen by whoever clicks, and says so', async () => {
    const { message } = await place()
    assert.match(JSON.stringify(teams.seen(ben(), message)), /PAPER - Critical - FROZEN AAPL/)
    const answer = await teams.click(ana(), message, 'alt.seen')
    assert.match(JSON.stringify(answer.body), /Ana saw it/)
    assert.deepEqual(titles(answer), ['Open in Jax'])
    const [asked] = at.asked('acknowledge') as { taskID: string; by: ChannelClick }[]
    assert.deepEqual([asked?.taskID, asked?.by.provider], [ALERT.taskID, 'teams'])
  })
  it('is not seen by a click of another gateway, nor by one that names none', async () => {
    for (const data of [{ g: 'another012345678', t: ALERT.taskID }, { g: CARD.gateway }, {}]) {
      const answer = await teams.send(teams.invoke(ana(), '1', 'alt.seen', data), await teams.token())
      assert.notEqual(bodyOf(answer).statusCode, 200)
    }
    assert.deepEqual(at.asked('acknowledge'), [])
  })
})

describe('showing', () => {
  it('begins a thread in the channel of a team, and puts the card right there', async () => {
    const place = await shown()
    assert.match(place.conversation, /^19:approvals@thread\.tacv2;messageid=/)
    const edits = () => teams.messages().find(({ id }) => id === place.message)?.edits
    assert.equal(edits(), 0)
    assert.deepEqual(await shown({ ...CARD, state: 'expired', stateText: 'Nobody decided.' }, place), place)
    assert.equal(edits(), 1)
    assert.match(JSON.stringify(teams.seen(ben(), place.message)), /Nobody decided/)
  })

  it('gets one token for many cards, and a new one five minutes before its end', async () => {
    const before = teams.requests['token'] ?? 0
    await shown()
    await shown()
    assert.equal(teams.requests['token'], before + 1)
    now = plusMs(NOON, 54 * 60_000)
    await shown()
    assert.equal(teams.requests['token'], before + 1)
    now = plusMs(NOON, 56 * 60_000)
    await shown()
    assert.equal(teams.requests['token'], before + 2)
  })

  for (const [fault, afterMs] of [
    [{ on: 'connector', kind: 429, retryAfterS: 7 }, 7_000],
    [{ on: 'connector', kind: 412 }, null],
    [{ on: 'connector', kind: 503 }, null],
    [{ on: 'connector', kind: 'drop' }, null],
    [{ on: 'connector', kind: 'hang' }, null],
    [{ on: 'token', kind: 503 }, null],
    [{ on: 'token', kind: 429, retryAfterS: 3 }, 3_000],
    [{ on: 'token', kind: 'drop' }, null],
    [{ on: 'token', kind: 'hang' }, null],
  ] as const)
    it(`waits when ${fault.on} answers ${fault.kind}`, async () => {
      if (fault.kind === 'hang') timeoutMs = 1_000
      open()
      teams.fail(fault)
      const came = await channel.show(CARD, null)
      assert.ok(came.outcome === 'later', JSON.stringify(came))
      assert.equal(came.afterMs, afterMs)
      assert.equal(channel.trouble(), came.text)
      await shown()
      assert.equal(channel.trouble(), null)
    })

  for (const [status, words] of [
    [403, /install the app/],
    [404, /no such conversation/],
    [413, /too large/],
    [400, /400 \(Injected\)/],
  ] as const)
    it(`gives up on ${status}, in words`, async () => {
      teams.fail({ on: 'connector', kind: status })
      const came = await channel.show(CARD, null)
      assert.ok(came.outcome === 'never', JSON.stringify(came))
      assert.match(came.text, words)
    })

  it('gets a new token when the old one is no longer taken, and gives up on the new one', async () => {
    await shown()
    const before = teams.requests['token'] ?? 0
    teams.fail({ on: 'connector', kind: 401, times: 2 })
    assert.deepEqual((await channel.show(CARD, null)).outcome, 'later')
    const came = await channel.show(CARD, null)
    assert.ok(came.outcome === 'never')
    assert.match(came.text, /app id/)
    assert.equal(teams.requests['token'], before + 1)
  })

  it('says so when the secret has ended, from the start, and never shows it', async () => {
    open({ clientSecret: 'ended-secret' })
    await channel.start()
    assert.match(channel.trouble() ?? '', /invalid_client.*client secret/)
    const came = await channel.show(CARD, null)
    assert.equal(came.outcome, 'never')
    assert.doesNotMatch(JSON.stringify([came, channel.trouble(), logged]), /ended-secret/)
  })

  it('logs neither secret nor token', async () => {
    const place = await shown()
    await teams.click(ana(), place.message, 'apr.reject', { reason: 'no' })
    await teams.send({ type: 'message' }, await teams.token('wrong-key'))
    assert.ok(logged.length > 3)
    assert.doesNotMatch(logged.join('\n'), new RegExp(`${teams.clientSecret}|Bearer|eyJ`))
  })
})

describe('a click', () => {
  it('on Approve is asked again, and only then decides', async () => {
    const { message, conversation } = await shown()
    const question = await teams.click(ana(), message, 'apr.approve')
    assert.deepEqual(titles(question), ['Yes, approve', 'Back', 'Open in Jax'])
    assert.deepEqual(decided(), [])
    const answer = await teams.click(ana(), message, 'apr.confirm')
    assert.equal(bodyOf(answer).type, 'application/vnd.microsoft.card.adaptive')
    assert.deepEqual(titles(answer), ['Open in Jax'])
    assert.match(answer.text, /Approved by Ana/)
    const [{ by, ...vote }] = at.asked('decide') as [{ by: ChannelClick }]
    assert.deepEqual(vote, { intentID: 'sig-1', rev: 3, digest: DATA.d, verdict: 'approve', reason: null })
    const { proof, ...who } = by
    assert.match(proof, /^[0-9a-f]{64}$/)
    assert.deepEqual(who, {
      kind: 'channel',
      provider: 'teams',
      tenant: teams.tenantID,
      user: ana().aadObjectId,
      app: teams.appID,
      conversation,
      message,
      transport: 'http',
    })
  })

  it('on Back shows the order again', async () => {
    const { message } = await shown()
    await teams.click(ana(), message, 'apr.approve')
    assert.deepEqual(titles(await teams.click(ana(), message, 'apr.refresh')), ['Approve', 'Reject', 'Open in Jax'])
    assert.deepEqual(decided(), [])
  })

  it('on Reject decides at once, with the reason', async () => {
    const { message } = await shown()
    const answer = await teams.click(ana(), message, 'apr.reject', { reason: 'earnings tonight' })
    assert.match(answer.text, /Rejected by Ana/)
    assert.deepEqual(
      decided().map(({ verdict, reason }) => [verdict, reason]),
      [['decline', 'earnings tonight']],
    )
  })

  it('that refreshes decides nothing, however it is dressed up', async () => {
    const { message } = await shown()
    await teams.send(
      teams.invoke(ana(), message, 'apr.refresh', { ...DATA, verdict: 'approve', reason: 'x' }),
      await teams.token(),
    )
    await teams.click(ana(), message, 'apr.refresh')
    assert.deepEqual(decided(), [])
    at.at.card = { ...CARD, state: 'expired', stateText: 'Nobody decided.' }
    assert.match((await teams.click(ana(), message, 'apr.refresh')).text, /Nobody decided/)
  })

  it('twice is told what was decided', async () => {
    const { message } = await shown()
    await teams.click(ana(), message, 'apr.approve')
    await teams.click(ben(), message, 'apr.approve')
    await teams.click(ana(), message, 'apr.confirm')
    const late = await teams.click(ben(), message, 'apr.confirm')
    assert.equal(bodyOf(late).statusCode, 200)
    assert.match(late.text, /Approved by Ana/)
    assert.equal(decided().length, 2)
  })

  it('that is played again decides nothing again, and gets the card as it is', async () => {
    const { message } = await shown()
    const [activity, token] = [teams.invoke(ana(), message, 'apr.reject', DATA), await teams.token()]
    await teams.send(activity, token)
    at.at.card = CARD
    const again = await teams.send(activity, token)
    assert.deepEqual(titles(again), ['Approve', 'Reject', 'Open in Jax'])
    // The same request with another body is the same request: Teams does not sign the body.
    await teams.send({ ...activity, value: teams.invoke(ana(), message, 'apr.confirm', DATA)['value'] }, token)
    assert.equal(decided().length, 1)
    await teams.send(activity, await teams.token(undefined, 1))
    assert.equal(decided().length, 2)
  })

  it('for an order that takes no yes here goes to the house, which refuses', async () => {
    open({}, { ...CARD, takesYes: false })
    const { message } = await shown(at.at.card)
    assert.deepEqual(
      teams.seen(ana(), message)?.actions.map(({ title }) => title),
      ['Reject', 'Open in Jax'],
    )
    for (const verb of ['apr.approve', 'apr.confirm']) {
      const answer = await teams.send(teams.invoke(ana(), message, verb, DATA), await teams.token())
      assert.equal(bodyOf(answer).type, 'application/vnd.microsoft.error')
      assert.equal(bodyOf(answer).value.code, 'assurance_too_low')
    }
    assert.equal(decided().length, 2)
    assert.equal(at.at.card.state, 'waiting')
  })

  for (const [name, data, code] of [
    ['an older revision', { ...DATA, r: 2 }, 'order_changed'],
    ['another digest', { ...DATA, d: 'AAAAAAAAAAAAAAAA' }, 'digest_mismatch'],
    ['no digest', { ...DATA, d: undefined }, 'ODD_BUTTON'],
    ['no gateway, as those of before', { ...DATA, g: undefined }, 'ODD_BUTTON'],
    ['another gateway', { ...DATA, g: 'aNoThEr012345678' }, 'OTHER_GATEWAY'],
  ] as const)
    it(`with ${name} decides nothing`, async () => {
      const { message } = await shown()
      for (const verb of ['apr.approve', 'apr.confirm', 'apr.reject'])
        assert.equal(
          bodyOf(await teams.send(teams.invoke(ana(), message, verb, data), await teams.token())).value.code,
          code,
        )
      assert.equal(at.at.card.state, 'waiting')
    })

  it('on a card of another gateway is told so, and neither decides nor shows the order of that name here', async () => {
    const { message } = await shown({ ...CARD, gateway: 'aNoThEr012345678' })
    // `once` as well: what came here by mistake uses up nothing.
    wrap = (house) => ({ ...house, once: () => assert.fail(), card: () => assert.fail() })
    open()
    const before = teams.seen(ana(), message)
    for (const verb of ['apr.approve', 'apr.reject', 'apr.refresh']) {
      const answer = await teams.click(ana(), message, verb, verb === 'apr.reject' ? { reason: 'too large' } : {})
      assert.equal(bodyOf(answer).value.code, 'OTHER_GATEWAY')
      assert.match(
        bodyOf(answer).value.message ?? '',
        /^Nothing was decided: .* another gateway.* needs a bot of its own/,
      )
    }
    assert.deepEqual([at.at.asked, at.at.card], [[], CARD])
    assert.deepEqual(teams.seen(ana(), message), before)
    assert.equal(logged.filter((line) => line.includes('OTHER_GATEWAY')).length, 3)
  })

  it('of somebody whom Teams does not name is refused', async () => {
    const { message } = await shown()
    for (const verb of ['apr.approve', 'apr.reject', 'apr.refresh']) {
      const answer = await teams.click(guest(), message, verb)
      assert.equal(bodyOf(answer).value.code, 'NOBODY')
    }
    assert.deepEqual(decided(), [])
  })

  it('for an order that has more facts than a card shows is not asked again', async () => {
    open({}, { ...CARD, facts: Array.from({ length: 21 }, (_, i) => ({ name: `F${i}`, value: '1' })) })
    const answer = await teams.send(teams.invoke(ana(), '1', 'apr.approve', DATA), await teams.token())
    assert.equal(bodyOf(answer).value.code, 'NOT_WHOLE')
    assert.deepEqual(decided(), [])
  })

  it('is told when one yes is not yet enough', async () => {
    wrap = (house) => ({ ...house, decide: async () => ({ ok: true, text: 'One more yes is needed.', card: CARD }) })
    open()
    const { message } = await shown()
    await teams.click(ana(), message, 'apr.approve')
    const answer = await teams.click(ana(), message, 'apr.confirm')
    assert.equal(bodyOf(answer).value.body?.[0]?.text, 'One more yes is needed.')
  })

  it('is not answered with a decision when the house is away', async () => {
    const { message } = await shown()
    at.at.down = true
    for (const verb of ['apr.approve', 'apr.reject', 'apr.refresh']) {
      const answer = await teams.click(ana(), message, verb)
      assert.deepEqual([bodyOf(answer).statusCode, bodyOf(answer).value.code], [500, 'NO_ANSWER'])
    }
  })

  it('is not heard when it cannot be told from a replay', async () => {
    wrap = (house) => ({
      ...house,
      once: async () => {
        throw new Error('the store is away')
      },
    })
    open()
    const { message } = await shown()
    assert.equal(bodyOf(await teams.click(ana(), message, 'apr.reject')).statusCode, 500)
    assert.deepEqual(decided(), [])
  })
})

describe('an attack', () => {
  const forged = (): Record<string, unknown> => ({ ...teams.invoke(ana(), '1', 'apr.confirm', DATA) })

  it('with a token of another app and a forged person is refused', async () => {
    const answer = await teams.send(
      { ...forged(), from: { aadObjectId: ben().aadObjectId } },
      await teams.token('wrong-audience'),
    )
    assert.equal(answer.status, 401)
    assert.deepEqual(decided(), [])
  })

  for (const bad of ['wrong-key', 'hs256-public-key', 'none', 'no-serviceurl', 'expired'] as const)
    it(`with a token of the kind ${bad} is refused`, async () => {
      assert.equal((await teams.send(forged(), await teams.token(bad))).status, 401)
      assert.deepEqual(decided(), [])
    })

  for (const [name, over] of [
    ['another tenant', { channelData: { tenant: { id: '99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee' } } }],
    [
      'a conversation of another tenant',
      { conversation: { id: 'x', tenantId: '99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee' } },
    ],
    ['another service address', { serviceUrl: 'https://evil.example/' }],
    ['another bot', { recipient: { id: '28:99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee' } }],
    ['another channel', { channelId: 'webchat' }],
  ] as const)
    it(`from ${name} is refused`, async () => {
      assert.equal((await teams.send({ ...forged(), ...over }, await teams.token())).status, 403)
      assert.deepEqual(decided(), [])
    })
  for (const bad of ['no-endorsements', 'other-serviceurl'] as const)
    it(`with a token of the kind ${bad} is refused`, async () => {
      assert.equal((await teams.send(forged(), await teams.token(bad))).status, 403)
      assert.deepEqual(decided(), [])
    })

  it('gets our token nowhere: neither a place nor a settings file can name another host', async () => {
    const evil: Reference = { serviceUrl: 'http://127.0.0.1:9/', conversation: '19:x@thread.v2' }
    assert.throws(
      () => open({ conversation: evil }),
      (e) => e instanceof Fault && /service address/.test(e.message),
    )
    open({ conversation: null })
    kept = evil
    const before = teams.requests['token'] ?? 0
    for (const place of [null, { conversation: 'x', message: 'y' }]) {
      const came = await channel.show(CARD, place)
      assert.ok(came.outcome === 'never')
      assert.match(came.text, /none of Microsoft/)
    }
    assert.equal(teams.requests['token'] ?? 0, before)
  })

  it('that is too large or no JSON is refused', async () => {
    assert.equal((await teams.send({ ...forged(), pad: 'x'.repeat(300_000) }, await teams.token())).status, 413)
    const answer = await channel.routes[0]?.handle({
      headers: { authorization: `Bearer ${await teams.token()}` },
      body: Buffer.from('{"a":1,"a":2}'),
      at: now,
    })
    assert.equal(answer?.status, 400)
  })
})

describe('the keys of Teams', () => {
  it('may change under way', async () => {
    const { message } = await shown()
    await teams.click(ana(), message, 'apr.refresh')
    await teams.rotateKeys()
    assert.equal((await teams.send(teams.invoke(ana(), message, 'apr.refresh', DATA), await teams.token())).status, 401)
    now = plusMs(NOON, 61_000)
    assert.deepEqual(titles(await teams.click(ana(), message, 'apr.refresh')), ['Approve', 'Reject', 'Open in Jax'])
  })

  it('are not asked for by every stranger', async () => {
    await teams.click(ana(), (await shown()).message, 'apr.refresh')
    const before = teams.requests['keys'] ?? 0
    for (let i = 0; i < 5; i++) await teams.send({}, await teams.token('unknown-kid'))
    assert.equal(teams.requests['keys'], before)
  })

  it('that cannot be fetched are a trouble, and nothing is decided', async () => {
    teams.fail({ on: 'keys', kind: 503 })
    const answer = await teams.send(teams.invoke(ana(), '1', 'apr.reject', DATA), await teams.token())
    assert.equal(answer.status, 503)
    assert.deepEqual(decided(), [])
    assert.match(channel.trouble() ?? '', /keys of Teams/)
  })
})

describe('a word', () => {
  it('links the person who writes the code', async () => {
    assert.deepEqual((await teams.say(ana(), 'link GOOD-CODE')).status, 200)
    assert.equal(lastText(), 'You are linked as Ana.')
    await teams.say(ben(), 'link BAD')
    assert.match(lastText() ?? '', /Ask for a new one/)
    const [first] = at.asked('link') as [{ code: string; by: ChannelClick }]
    assert.deepEqual([first.code, first.by.user, first.by.message], ['GOOD-CODE', ana().aadObjectId, null])
  })

  it('halts, in the channel too', async () => {
    await teams.say(ana(), 'halt the feed is <wrong> & late', 'channel')
    assert.equal(lastText(), 'Trading is halted.')
    assert.match(teams.messages().at(-1)?.conversation ?? '', /messageid=/)
    assert.deepEqual(
      (at.asked('halt') as { reason: string }[]).map(({ reason }) => reason),
      ['the feed is <wrong> & late'],
    )
  })

  it('halts even when Teams takes no answer', async () => {
    teams.fail({ on: 'connector', kind: 503 })
    assert.equal((await teams.say(ana(), 'halt')).status, 200)
    assert.equal(at.asked('halt').length, 1)
  })

  it('asks how things stand', async () => {
    await teams.say(ana(), 'status')
    assert.equal(lastText(), 'Trading.\n2 orders wait.')
    assert.deepEqual(at.asked('status'), [{ provider: 'teams', tenant: teams.tenantID, user: ana().aadObjectId }])
  })

  it('that is not known is answered with help', async () => {
    await teams.say(ana(), 'what?')
    assert.match(lastText() ?? '', /link CODE/)
  })

  it('of nobody does nothing', async () => {
    await teams.say(guest(), 'halt')
    assert.match(lastText() ?? '', /does not say who you are/)
    assert.equal(at.asked('halt').length, 0)
  })

  it('that is played again is heard once', async () => {
    const activity = {
      ...teams.invoke(ana(), '1', 'x', {}),
      type: 'message',
      text: 'halt',
      conversation: { id: 'a:x', tenantId: teams.tenantID, conversationType: 'personal' },
    }
    const token = await teams.token()
    for (let i = 0; i < 3; i++) assert.equal((await teams.send(activity, token)).status, 200)
    assert.equal(at.asked('halt').length, 1)
  })
})

describe('the place', () => {
  it('is learnt when the app is installed, and its address followed', async () => {
    open({ conversation: null })
    const none = await channel.show(CARD, null)
    assert.ok(none.outcome === 'later')
    assert.match(none.text, /install the app/)
    assert.equal((await teams.install()).text, '')
    assert.deepEqual(kept, teams.conversation)
    const { message } = await shown()
    kept = { ...teams.conversation, serviceUrl: `${teams.url}/old/` }
    await teams.click(ana(), message, 'apr.refresh')
    assert.deepEqual(kept, teams.conversation)
  })
  it('that is named in the settings stays', async () => {
    await teams.install()
    assert.equal(kept, null)
  })
})

describe('settings that cannot work', () => {
  for (const [over, words] of [
    [{ appID: 'my bot' }, /app id is not a GUID/],
    [{ tenantID: 'contoso.com' }, /tenant id is not a GUID/],
    [{ clientSecret: ' ' }, /client secret is empty/],
    [{ testEndpoints: false }, /tests only/],
    [{ base: 'http://evil.example' }, /on this machine/],
  ] as const)
    it(`are refused: ${Object.keys(over).join()} ${String(Object.values(over)[0])}`, () =>
      assert.throws(
        () => open(over),
        (e) => e instanceof Fault && e.code === 'TEAMS_SETTINGS' && words.test(e.message),
      ))
  it('are what they were when only letters differ', () => {
    open({ appID: teams.appID.toUpperCase(), tenantID: teams.tenantID.toUpperCase() })
    assert.equal(channel.name, 'teams')
  })
})
