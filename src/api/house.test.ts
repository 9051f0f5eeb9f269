import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ChannelClick } from '../approvals/evidence.ts'
import type { Card, House as Port } from '../ports/channel.ts'
import type { Stop } from '../desk/desk.ts'
import type { Reads } from '../ports/store.ts'
import type { AccountID, IntentID } from '../values/brand.ts'
import { plusMs } from '../values/instant.ts'
import { ok } from '../values/result.ts'
import { noticeOf } from '../channels/webhook/notice.ts'
import { codeHash, mintCode } from './access.ts'
import { cardOf } from './card.ts'
import { createHouse, type HouseDeps } from './house.ts'
import { AGENT, type As, type House, openHouse, SIGNAL } from './house.contract.ts'
import type * as wire from './wire.ts'

const click = (user: string, change: Partial<ChannelClick> = {}): ChannelClick => ({
  kind: 'channel',
  provider: 'slack',
  tenant: 'T0JAX',
  user,
  app: 'A0JAX',
  conversation: 'C0PAPER',
  message: '1700000000.000100',
  transport: 'http',
  proof: 'ab'.repeat(32),
  ...change,
})
const [ANA, BEN] = [click('U0ANA'), click('U0BEN')]

describe('what channels may ask', () => {
  let house: House
  let port: Port
  let portOf: (change: Partial<HouseDeps>) => Port
  let jax: As
  let ana: As
  let ben: As
  const broken = { on: false }
  before(async () => {
    house = await openHouse({ limits: { settleMs: 10, failedBurst: 1000 } })
    const deps: HouseDeps = {
      desk: house.desk,
      reads: new Proxy<Reads>(house.store, {
        get(_store, key) {
          if (broken.on) throw new Error('the store is away')
          const read: unknown = Reflect.get(house.store, key)
          return typeof read === 'function' ? read.bind(house.store) : read
        },
      }),
      clock: { now: house.now, monotonicNs: () => 0n, sleep: () => Promise.resolve() },
      log: {
        info: () => {},
        warn: () => {},
        error: (fields) => void house.logged.push({ level: 'error', fields, text: '' }),
      },
      account: 'paper:sim:main' as never,
      journal: 'jax-exec/one+1+key',
      environment: 'paper',
      publicUrl: 'https://jax.example',
    }
    portOf = (change) => createHouse({ ...deps, ...change })
    port = portOf({})
    jax = await house.token('jax', AGENT)
    ana = await house.person('Ana', ['trader', 'approver', 'risk', 'admin'], 'web')
    ben = await house.person('Ben', ['approver'], 'web')
  })
  after(() => house.close())

  const propose = async (id: string, by: As = jax): Promise<Card> => {
    const symbol = id.toUpperCase()
    await house.facts(symbol)
    const body = { ...SIGNAL, id, symbol, stop_loss: 160 }
    const made = await house.ask({ method: 'POST', url: '/v1/intents', as: by, body })
    assert.equal(made.statusCode, 201, made.body)
    const card = await port.card(id as IntentID)
    assert.ok(card)
    return card
  }
  const decide = ({ intentID, rev, digest }: Card, by: ChannelClick, verdict: 'approve' | 'decline' = 'approve') =>
    port.decide({ intentID, rev, digest: digest.slice(0, 16), verdict, reason: null, by })
  const post = (as: As, url: string, body: object) => house.ask({ method: 'POST', url, as, body })
  const linked = async (as: As, by: ChannelClick): Promise<void> => {
    const { code } = (await post(as, '/v1/me/link-codes', {})).json<wire.SigninCode>()
    assert.equal((await port.link({ code, by })).ok, true)
  }
  const intent = async (id: string): Promise<wire.Intent> =>
    (await house.ask({ url: `/v1/intents/${id}`, as: ana })).json<wire.Intent>()

  it('the card says that nobody has decided, which is news to the webhook too', async () => {
    const before = await propose('esc')
    const found = (await house.store.get('intent', 'esc')) ?? assert.fail()
    const at = house.now()
    const late = { ...found, escalation: { at, afterMs: 180_000 }, escalatedAt: at }
    const around = { gateway: port.gateway, now: at, name: (id: string) => id, publicUrl: 'https://jax.example' }
    const card = cardOf(late, null, new Set(), around) ?? assert.fail()
    assert.deepEqual(card.facts.at(-1), { name: 'Escalated', value: 'Nobody has decided for 3 min' })
    assert.match(card.stateText, /^Nobody has decided for 3 min\. Buy 36 ESC .* waits for a person to decide until/)
    assert.deepEqual([card.digest, card.state, card.takesYes], [before.digest, 'waiting', true])
    const [was, is] = [noticeOf(before), noticeOf(card)]
    assert.deepEqual([was.type, is.type], ['approval.waiting', 'approval.waiting'])
    assert.notDeepEqual(was, is)
    const over = cardOf({ ...late, state: 'Lapsed' }, null, new Set(), around)
    assert.doesNotMatch(JSON.stringify([over?.facts, over?.stateText]), /Nobody has decided/)
  })

  it('it is told from any other, and is the same after every start', () => {
    const others = [{ journal: 'jax-exec/two+2+key' }, { account: 'paper:sim:other' as AccountID }].map(portOf)
    const [again, ...rest] = [portOf({}), ...others].map(({ gateway }) => gateway)
    assert.match(port.gateway, /^[A-Za-z0-9_-]{16}$/)
    assert.equal(again, port.gateway)
    assert.equal(new Set([port.gateway, ...rest]).size, 3)
  })

  it('the card has the figures of the page, and its link', async () => {
    const card = await propose('card')
    const page = await intent('card')
    assert.deepEqual(
      { ...card, facts: null },
      {
        gateway: port.gateway,
        intentID: 'card',
        rev: 1,
        digest: page.digest,
        fingerprint: page.fingerprint,
        environment: 'paper',
        title: 'BUY 36 CARD',
        facts: null,
        reasoning: 'closed above the range',
        state: 'waiting',
        stateText: page.summary,
        decideBy: card.decideBy,
        takesYes: true,
        url: 'https://jax.example/intents/card',
      },
    )
    const facts = Object.fromEntries(card.facts.map(({ name, value }) => [name, value]))
    assert.deepEqual(facts, {
      Limit: '187.5 DAY',
      'Stop loss': '160',
      Target: '192.5',
      'Costs at most': facts['Costs at most'],
      Reference: facts['Reference'],
      'Drift limit': '50 basis points',
      'Risk at the stop': '990 USD',
      Account: 'paper:sim:main, at sim',
      Strategy: 'breakout',
      'Proposed by': 'jax',
      Needs: 'a click of one person (paper)',
      Limits: facts['Limits'],
    })
    assert.match(facts['Costs at most'] ?? '', /^6[\d.]+ USD$/)
    assert.match(facts['Reference'] ?? '', /^187\.[\d]+ at 15:00:00 UTC$/)
    assert.equal(await port.card('nothing' as IntentID), null)
  })

  it('whoever is linked to nobody decides, halts and learns nothing', async () => {
    const card = await propose('unlinked')
    const stranger = click('U0EVE')
    const told = [
      await decide(card, stranger),
      await decide(card, stranger, 'decline'),
      await port.addReason({ intentID: card.intentID, reason: 'x', by: stranger }),
      await port.halt({ reason: 'x', by: stranger }),
      await port.status(stranger),
    ]
    for (const heard of told)
      assert.deepEqual([heard.ok, 'code' in heard && heard.code, heard.card], [false, 'IDENTITY_UNLINKED', null])
    assert.equal((await intent('unlinked')).state, 'AwaitingApproval')
    assert.equal((await house.store.get('halt', 'global'))?.state ?? null, null)
  })

  it('a code links once, and only one that was made for it', async () => {
    const { code } = (await post(ana, '/v1/me/link-codes', {})).json<wire.SigninCode>()
    const spelled = code.toUpperCase().replaceAll('-', ' ')
    const first = await port.link({ code: spelled, by: ANA })
    assert.deepEqual([first.ok, /linked to Ana/.test(first.text)], [true, true])
    assert.equal((await port.link({ code, by: click('U0EVE') })).ok, false, 'used')
    const signIn = mintCode((bytes) => new Uint8Array(bytes).fill(7))
    await house.desk.issueCode({
      hash: codeHash(signIn.code),
      expiresAt: plusMs(house.now(), 60_000),
      actor: { type: 'system', id: 'test', via: 'start', session: null },
    })
    assert.equal((await port.link({ code: signIn.code, by: click('U0EVE') })).ok, false, 'a sign-in code')
    const theirs = (await post(ben, '/v1/me/link-codes', {})).json<wire.SigninCode>().code
    const taken = await port.link({ code: theirs, by: ANA })
    assert.deepEqual([taken.ok, 'code' in taken && taken.code], [false, 'NAME_TAKEN'])
    const old = (await post(ben, '/v1/me/link-codes', {})).json<wire.SigninCode>().code
    await house.advance(10 * 60_000 + 1)
    assert.equal((await port.link({ code: old, by: BEN })).ok, false, 'too old')
    assert.equal((await port.link({ code: 'x'.repeat(100_000), by: BEN })).ok, false)
    await linked(ben, BEN)
  })

  it('a yes is that of the person, with the click as evidence', async () => {
    const card = await propose('yes')
    const heard = await decide(card, ANA)
    assert.deepEqual([heard.ok, heard.text], [true, 'Approved: BUY 36 YES. It is checked once more and then sent.'])
    assert.deepEqual([heard.card?.state, heard.card?.takesYes, heard.card?.decideBy], ['approved', false, null])
    assert.match(
      heard.card?.facts.find(({ name }) => name === 'Approvals')?.value ?? '',
      /^1 of 1: Ana in Slack at \d\d:\d\d:\d\d UTC$/,
    )
    const stored = await house.store.get('intent', 'yes')
    assert.deepEqual(
      stored?.votes?.map(({ by, via, level, evidence }) => ({ by, via, level, evidence })),
      [{ by: ana.id, via: 'slack', level: 'L1', evidence: ANA }],
    )
    const again = await decide(card, ANA)
    assert.equal(again.ok, true, 'a double click is one decision')
    assert.equal((await house.store.get('intent', 'yes'))?.votes?.length, 1)
    const late = await decide(card, BEN)
    assert.deepEqual([late.ok, 'code' in late && late.code, late.card?.state], [false, 'NOT_PENDING', 'approved'])
    const no = await decide(card, BEN, 'decline')
    assert.deepEqual([no.ok, 'code' in no && no.code], [false, 'NOT_PENDING'])
  })

  it('a click on something else than what is there decides nothing', async () => {
    const card = await propose('changed')
    const rows: readonly (readonly [what: string, change: Partial<Card>])[] = [
      ['an older ticket', { rev: 0 }],
      ['a later ticket', { rev: 2 }],
      ['another order', { digest: 'A'.repeat(43) }],
      ['nothing of the digest', { digest: '' }],
      ['too little of it', { digest: card.digest.slice(0, 15) }],
    ]
    for (const [what, change] of rows) {
      const heard = await decide({ ...card, ...change }, ANA)
      assert.deepEqual(
        [heard.ok, 'code' in heard && heard.code, heard.card?.digest],
        [false, 'ORDER_CHANGED', card.digest],
        what,
      )
    }
    await post(ana, '/v1/intents/changed/reprice', {})
    const stale = await decide(card, ANA)
    assert.deepEqual([stale.ok, stale.card?.rev], [false, 2])
    assert.equal((await decide({ ...card, intentID: 'none' as IntentID }, ANA)).ok, false)
    const no = await decide(card, BEN, 'decline')
    assert.deepEqual(
      [no.ok, no.card?.state],
      [true, 'declined'],
      'a no is taken from an older card: the safe direction',
    )
  })

  it('nobody approves their own, by whatever account', async () => {
    const own = await house.token('anas bot', AGENT, { owner: ana.id })
    const card = await propose('own', own)
    await linked(ana, click('U0ANA2'))
    for (const by of [ANA, click('U0ANA2')]) {
      const heard = await decide(card, by)
      assert.deepEqual([heard.ok, 'code' in heard && heard.code], [false, 'SELF_APPROVAL'])
    }
    const elsewhere = await decide(card, click('U0BEN', { tenant: 'T0OTHER' }))
    assert.equal('code' in elsewhere && elsewhere.code, 'IDENTITY_UNLINKED', 'the same user id in another workspace')
    const teams = await decide(card, click('U0BEN', { provider: 'teams' }))
    assert.equal('code' in teams && teams.code, 'IDENTITY_UNLINKED')
    assert.equal((await decide(card, BEN)).ok, true)
  })

  it('after its time, a card says so and a yes is too late', async () => {
    const card = await propose('late')
    assert.ok(card.decideBy)
    await house.advance((card.decideBy - house.now()) / 1000 + 1)
    const now = await port.card(card.intentID)
    assert.deepEqual(
      [now?.state, now?.takesYes, now?.stateText],
      ['expired', false, 'The time to decide is over. Nothing was sent.'],
    )
    const heard = await decide(card, ANA)
    assert.equal('code' in heard && heard.code, 'APPROVAL_EXPIRED')
    assert.equal((await decide(card, ANA, 'decline')).ok, true, 'a no never is')
  })

  it('a no is taken first, and its reason is added', async () => {
    const card = await propose('reason')
    const heard = await decide(card, ANA, 'decline')
    assert.deepEqual([heard.ok, heard.card?.state], [true, 'declined'])
    const nasty = `Too large\u202e\u0000\n${'x'.repeat(5000)}\ud800`
    const added = await port.addReason({ intentID: card.intentID, reason: nasty, by: ANA })
    assert.equal(added.ok, true)
    const [aside] = (await intent('reason')).asides
    assert.match(aside?.text ?? '', /^Too large\nx+$/)
    assert.ok((aside?.text.length ?? 0) <= 500)
    assert.equal((await port.addReason({ intentID: card.intentID, reason: ' \u200b ', by: ANA })).ok, false)
  })

  it('where it takes a passkey, a click is refused with where to go', async () => {
    const { policy } = (await house.ask({ url: '/v1/approvals', as: ana })).json<wire.Approvals>()
    const strict = { ...policy, rules: [{ name: 'all', level: 'L2', quorum: 1 }] }
    await post(ana, '/v1/changes', { what: { kind: 'approval policy', policy: strict }, reason: 'x' })
    const card = await propose('strict')
    assert.equal(card.takesYes, false)
    const heard = await decide(card, ANA)
    assert.deepEqual(
      [heard.ok, 'code' in heard && heard.code, heard.card?.state],
      [false, 'ASSURANCE_TOO_LOW', 'waiting'],
    )
    await post(ana, '/v1/changes', {
      what: {
        kind: 'approval policy',
        policy: { ...policy, version: 1, rules: [{ name: 'two', level: 'L1', quorum: 2 }] },
      },
      reason: 'x',
    })
  })

  it('two people: the first yes waits for the second', async () => {
    await house.facts()
    await post(ana, '/v1/changes', {
      what: { kind: 'person', personID: ben.id, roles: ['approver'], disabled: false },
      reason: 'it is Ben',
    })
    const { policy } = (await house.ask({ url: '/v1/approvals', as: ana })).json<wire.Approvals>()
    await post(ana, '/v1/changes', {
      what: { kind: 'approval policy', policy: { ...policy, rules: [{ name: 'two', level: 'L1', quorum: 2 }] } },
      reason: 'x',
    })
    const card = await propose('two')
    assert.equal(card.facts.find(({ name }) => name === 'Approvals')?.value, '0 of 2')
    const first = await decide(card, ANA)
    assert.deepEqual(
      [first.ok, first.text, first.card?.state],
      [true, 'Your yes to BUY 36 TWO counts: 1 of 2. It waits for more people.', 'waiting'],
    )
    const alone = await decide(card, click('U0ANA2'))
    assert.equal(alone.card?.state, 'waiting', 'a second account is no second person')
    const [one, both] = await Promise.all([decide(card, BEN), decide(card, BEN)])
    assert.deepEqual([one.ok, both.ok, both.card?.state], [true, true, 'approved'])
    assert.equal((await house.store.get('intent', 'two'))?.votes?.length, 2)
  })

  it('a yes whose chat account was unlinked is shown, and is none of the two', async () => {
    const card = await propose('void')
    const by = click('U0ANA2')
    assert.equal((await decide(card, by)).ok, true)
    const approvals = (of: Card | null | undefined) => of?.facts.find(({ name }) => name === 'Approvals')?.value ?? ''
    assert.match(approvals(await port.card(card.intentID)), /^1 of 2: Ana in Slack at \d\d:\d\d:\d\d UTC$/)
    const { linkID } = (await house.store.all('link')).find(({ user }) => user === 'U0ANA2') ?? assert.fail()
    const left = await house.ask({ method: 'DELETE', url: `/v1/me/links/${linkID}`, as: ana })
    assert.equal(left.statusCode < 300, true, left.body)
    assert.match(approvals(await port.card(card.intentID)), /^0 of 2: Ana in Slack at [^,]* \(no longer counts\)$/)
    assert.deepEqual(
      (await intent('void')).votes.map(({ counts }) => counts),
      [false],
    )
    const ben = await decide(card, BEN)
    assert.equal(ben.text, 'Your yes to BUY 36 VOID counts: 1 of 2. It waits for more people.')
    assert.match(approvals(ben.card), /^1 of 2: Ana .* \(no longer counts\), Ben in Slack at [^(]*$/)
    assert.deepEqual(
      (await intent('void')).votes.map(({ counts }) => counts),
      [false, true],
    )
    assert.equal((await decide(card, ANA)).card?.state, 'approved')
    assert.deepEqual(
      (await intent('void')).votes.map(({ counts }) => counts),
      [true, true],
    )
  })

  it('status and halt, for whoever may', async () => {
    assert.match(
      (await port.status(ANA)).text,
      /^Paper account paper:sim:main\. Trading is on\. \d+ orders? waiting for people/,
    )
    const cara = await house.person('Cara', ['auditor'], 'web')
    const by = click('U0CARA')
    await linked(cara, by)
    const refused = await port.halt({ reason: 'x', by })
    assert.equal('code' in refused && refused.code, 'FORBIDDEN')
    const card = await propose('halted')
    await propose('ended')
    assert.equal((await port.halt({ reason: 'the feed is odd', by: BEN })).ok, true)
    assert.match((await port.halt({ reason: 'again', by: ANA })).text, /halted before/)
    assert.match((await port.status(ANA)).text, /HALTED by Ben: the feed is odd/)
    const heard = await decide(card, ANA)
    assert.equal('code' in heard && heard.code, 'TRADING_HALTED')
    assert.equal((await decide(card, ANA, 'decline')).ok, true)
  })

  it('a part is halted where it is named and known; what is not certain halts everything', async () => {
    const asked: Stop[] = []
    const desk = { ...house.desk, halt: async (ask: Stop) => (asked.push(ask), ok(null)) }
    const reads = new Proxy<Reads>(house.store, {
      get: (store, key) =>
        key === 'intents'
          ? async () => assert.fail('the store is away')
          : (Reflect.get(store, key) as () => unknown).bind(store),
    })
    for (const [words, scope, reason] of [
      ['symbol esc odd prices', 'symbol:ESC', 'odd prices'],
      ['Strategy breakout', 'strategy:breakout', 'Halted in Slack.'],
      ['strategy Breakout', undefined, 'strategy Breakout'],
      ['symbol', undefined, 'symbol'],
      ['symbol NEVER was seen', undefined, 'symbol NEVER was seen'],
      ['strategy meeting says stop', undefined, 'strategy meeting says stop'],
      ['the symbol ESC', undefined, 'the symbol ESC'],
      ['', undefined, 'Halted in Slack.'],
    ] as const) {
      const { text } = await portOf({ desk }).halt({ reason: words, by: ANA })
      const last = asked.at(-1)
      assert.deepEqual([last?.scope, last?.level, last?.reason], [scope, undefined, reason])
      assert.equal(/all else goes on: write only halt/.test(text), scope !== undefined, text)
      assert.equal(/it is everything that was halted/.test(text), /NEVER|Breakout|meeting/.test(words), text)
    }
    await portOf({ desk, reads }).halt({ reason: 'symbol ESC', by: ANA })
    assert.equal(asked.at(-1)?.scope, undefined, 'a store that does not answer')
  })

  it('an ended link, or a person without access, is nobody', async () => {
    const card = await port.card('ended' as IntentID)
    assert.ok(card)
    await house.ask({ method: 'DELETE', url: '/v1/me/links/slack:T0JAX:U0ANA2', as: ana })
    const unlinked = await decide(card, click('U0ANA2'), 'decline')
    assert.equal('code' in unlinked && unlinked.code, 'IDENTITY_UNLINKED')
    await post(ana, '/v1/changes', {
      what: { kind: 'person', personID: ben.id, roles: ['approver'], disabled: true },
      reason: 'left',
    })
    const out = await decide(card, BEN, 'decline')
    assert.equal('code' in out && out.code, 'NOT_ELIGIBLE')
    assert.equal((await port.status(BEN)).ok, false)
  })

  it('a request that was recorded is known when it comes again', async () => {
    const until = plusMs(house.now(), 60_000)
    assert.deepEqual(
      [await port.once('k', until), await port.once('k', until), await port.once('l', until)],
      [true, false, true],
    )
  })

  it('what breaks is logged and told, and decides nothing', async () => {
    const card = await port.card('ended' as IntentID)
    assert.ok(card)
    const lines = house.logged.length
    broken.on = true
    try {
      const heard = await decide(card, ANA, 'decline')
      assert.deepEqual([heard.ok, 'code' in heard && heard.code], [false, 'INTERNAL'])
      assert.doesNotMatch(heard.text, /the store is away/)
      assert.equal((await port.status(ANA)).ok, false)
      assert.equal((await port.halt({ reason: 'x', by: ANA })).ok, false)
      assert.equal(await port.card(card.intentID), null)
    } finally {
      broken.on = false
    }
    assert.ok(house.logged.length >= lines + 4)
    assert.equal((await intent('ended')).state, 'AwaitingApproval')
  })
})
