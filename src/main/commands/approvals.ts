// Who must say yes to what, and who may: the policy, changes of the house, people, armed strategies.
import { readFileSync } from 'node:fs'
import type { Arming, Change, Person } from '../../api/wire.ts'
import { coverageWords } from '../../approvals/coverage.ts'
import type { Client, Proposed } from '../client.ts'
import type { Context } from '../context.ts'
import { Stop } from '../exit.ts'
import { faultLine } from '../place.ts'
import { parsePolicy, policyText } from '../policy-file.ts'
import {
  type Column,
  fourEyesInWords,
  grouped,
  harmless,
  pairs,
  paint,
  requirementInWords,
  table,
  voteLine,
  when,
  yesesOf,
} from '../print.ts'
import { passkeyMeant } from './access.ts'
import { STAGE_TITLES } from '../../orders/stage.ts'
import { limitChangeLine } from './limits.ts'
import { pageOf } from './pages.ts'
import { inMinutes } from './until.ts'

// --- the policy

const ARMED_COLUMNS: readonly Column<Arming>[] = [
  { title: 'armed', of: (a) => a.armingID },
  { title: 'strategy', of: (a) => a.strategyID },
  { title: 'symbols', of: (a) => a.symbols.join(' ') },
  { title: 'at most', of: (a) => grouped(a.maxNotional), right: true },
  { title: 'sent', of: (a) => `${a.count} of ${a.maxCount}`, right: true },
  { title: 'until', of: (a) => when(a.until) },
  { title: 'by', of: (a) => a.byName },
]

export async function approvals(ctx: Context): Promise<void> {
  const it = await ctx.client('person').approvals()
  ctx.out.answer(it, () =>
    [
      pairs([
        ['four-eyes', fourEyesInWords(it.fourEyes)],
        ['may approve orders', String(it.approvers)],
        ['may change the policy', String(it.governors)],
        [
          'without a person',
          it.policy.autoMaxNotional === null
            ? 'nothing'
            : `orders of armed strategies up to ${grouped(it.policy.autoMaxNotional)}, on paper`,
        ],
        ['a change asks for', requirementInWords(it.policy.changes)],
        ['somebody decides', it.policy.coverage === undefined ? 'always' : coverageWords(it.policy.coverage)],
        [
          'escalated',
          it.policy.escalateAfterMs === undefined
            ? 'never'
            : `an order that nobody decides for ${exactly(it.policy.escalateAfterMs)}`,
        ],
      ]),
      '',
      table(
        [
          { title: 'rule', of: (r) => r.name },
          { title: 'for', of: (r) => boundsOf(r) },
          { title: 'asks for', of: (r) => requirementInWords(r) },
        ],
        it.policy.rules,
        'There is no rule: every order asks for two people with passkeys.',
      ),
      '',
      table(
        ARMED_COLUMNS,
        it.armed.filter(({ disarmedAt }) => disarmedAt === null),
        'No strategy is armed.',
      ),
    ].join('\n'),
  )
}
/** `3 min`, `90 s` */
const exactly = (ms: number): string => (ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`)

function boundsOf(rule: Awaited<ReturnType<Client['approvals']>>['policy']['rules'][number]): string {
  const parts = [
    rule.environment,
    ...[rule.stages, rule.strategies, rule.symbols].map((names) => names?.join(' ')),
    rule.notionalAbove === undefined ? undefined : `above ${grouped(rule.notionalAbove)}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'every order' : parts.join(', ')
}

export async function policyShow(ctx: Context): Promise<void> {
  const { policy } = await ctx.client('person').approvals()
  if (ctx.out.json) ctx.out.answer(policy, () => '')
  else ctx.out.raw(policyText(policy))
}

export async function policyPropose(ctx: Context, file: string, options: { reason: string }): Promise<void> {
  let source: string
  try {
    source = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new Stop('USAGE', `${file} cannot be read: ${(error as Error).message}.`)
  }
  const read = parsePolicy(source, file)
  if (!read.ok)
    throw new Stop('REFUSED', 'The policy cannot be used, and nothing was proposed.', {
      code: 'POLICY_FAULT',
      lines: read.error.map(faultLine),
    })
  await proposed(ctx, { kind: 'approval policy', policy: read.value }, options.reason)
}

export async function statistics(ctx: Context, options: { since?: string }): Promise<void> {
  const it = await ctx.client('person').approvalStatistics(options.since)
  ctx.out.answer(it, () =>
    [
      pairs([
        ['since', when(it.since)],
        ['asked', String(it.asked)],
        ['approved', String(it.approved)],
        ['declined', String(it.declined)],
        ['nobody in time', String(it.expired)],
        ['withdrawn', String(it.withdrawn)],
        ['refused by the gate', String(it.refused)],
        [
          'decided within',
          it.decidedInMs === null
            ? '—'
            : `${inWords(it.decidedInMs.p50)} for half of them, ${inWords(it.decidedInMs.p95)} for 95 %`,
        ],
      ]),
      '',
      table(
        [
          { title: 'person', of: (p) => p.byName },
          { title: 'approved', of: (p) => String(p.approved), right: true },
          { title: 'declined', of: (p) => String(p.declined), right: true },
          { title: 'median', of: (p) => (p.medianMs === null ? '—' : inWords(p.medianMs)), right: true },
        ],
        it.byPerson,
        'Nobody has decided anything yet.',
      ),
    ].join('\n'),
  )
}
/** `8.3 s`, `4 min` */
const inWords = (ms: number): string =>
  ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : ms < 7_200_000
      ? `${Math.round(ms / 60_000)} min`
      : `${(ms / 3_600_000).toFixed(1)} h`

// --- armed strategies

export async function arm(
  ctx: Context,
  strategyID: string,
  options: { symbol: string[]; maxNotional: string; maxCount: number; minutes: number },
): Promise<void> {
  const client = ctx.client('person')
  const until = await inMinutes(client, options.minutes)
  const { symbol: symbols, maxNotional, maxCount } = options
  const arming = await client.arm({ strategyID, symbols, maxNotional: String(maxNotional), maxCount, until })
  ctx.out.answer(arming, () => table(ARMED_COLUMNS, [arming], ''))
  ctx.out.say('Its orders go without a person within these bounds. A halt, a restart or "approvals disarm" ends it.')
}

export async function disarm(ctx: Context, which: string | undefined, options: { all?: boolean }): Promise<void> {
  if ((which === undefined) === (options.all !== true))
    throw new Stop('USAGE', 'Say which strategy to disarm, by its name or the id of its arming, or --all.')
  const client = ctx.client('person')
  const { armed } = await client.approvals()
  const meant = armed.filter(
    ({ armingID, strategyID, disarmedAt }) =>
      disarmedAt === null && (which === undefined || which === armingID || which === strategyID),
  )
  if (meant.length === 0 && which !== undefined)
    throw new Stop('NOT_FOUND', `Nothing is armed as ${harmless(which)}.`, {
      lines: ['See what is armed with: jax-exec approvals show'],
    })
  for (const { armingID } of meant) await client.disarm(armingID)
  const names = meant.map(({ strategyID }) => strategyID)
  ctx.out.answer({ disarmed: meant.map(({ armingID }) => armingID) }, () =>
    names.length === 0
      ? 'Nothing was armed.'
      : `Disarmed: ${harmless(names.join(', '))}. Its orders wait for a person again.`,
  )
}

// --- changes of the house

const CHANGE_COLUMNS: readonly Column<Change>[] = [
  { title: 'change', of: (c) => c.changeID },
  { title: 'state', of: (c) => c.state, style: (c) => (c.state === 'Waiting' ? 'yellow' : null) },
  { title: 'what', of: (c) => whatInWords(c.what) },
  { title: 'yes', of: (c) => `${yesesOf(c.votes)} of ${c.requires.quorum}`, right: true },
  { title: 'proposed by', of: (c) => c.proposerName },
  { title: 'decide by', of: (c) => (c.state === 'Waiting' ? when(c.decideBy) : '—') },
]
function whatInWords(what: Change['what']): string {
  switch (what.kind) {
    case 'approval policy':
      return `policy of approvals, version ${what.policy.version}`
    case 'person': {
      const { before, after } = what
      const roles = after.roles.join(' ') || 'no role'
      if (before.disabled !== after.disabled)
        return `${what.name}: ${after.disabled ? 'disabled' : `enabled, ${roles}`}`
      const had = before.roles.join(' ') || 'no role'
      return had === roles ? `${what.name}: counts as a person of their own` : `${what.name}: ${had} → ${roles}`
    }
    case 'release':
      return `release of the halt of ${what.scope === 'global' ? 'everything' : what.scope} (${what.level}), engaged by ${what.by}: ${what.why}`
    case 'waiver':
      return `${what.intentID}: ${what.terms.side} ${what.terms.orderQty} ${what.terms.symbol} for ${what.maxNotional} at most, beyond ${what.lifts.map((name) => `${name}${what.raised?.[name] === undefined ? '' : ` up to ${what.raised[name]}`}`).join(', ')}, once`
    case 'stage':
      return what.after === what.before
        ? `build ${what.build} may trade in stage ${what.after}`
        : `stage ${what.before} → ${what.after}, ${STAGE_TITLES[what.after]}`
    case 'strategy':
      return `strategy ${what.strategyID}: sized by ${what.after.sizedBy}`
    case 'risk limits':
      return what.changes.map(limitChangeLine).join('; ')
    case 'passkey revoked':
      return `passkey ${what.credentialID.slice(0, 12)}… of ${what.name} revoked`
  }
}
function changeCard(change: Change): string {
  const lines: (readonly [string, string])[] = [
    ['change', `${change.changeID}, ${change.state}`],
    ['what', whatInWords(change.what)],
    ['why', change.reason],
    ['proposed by', `${change.proposerName} at ${when(change.proposedAt)}`],
    [
      'asks for',
      change.requires.quorum === 0 ? 'nobody: it only takes power away' : requirementInWords(change.requires),
    ],
    ...change.votes.map((vote) => ['yes', voteLine(vote)] as const),
    ['fingerprint', change.fingerprint],
  ]
  if (change.state === 'Waiting') lines.push(['decide by', when(change.decideBy)])
  if (change.note !== null) lines.push(['note', change.note])
  const policy = change.what.kind === 'approval policy' ? `\n\n${policyText(change.what.policy)}` : ''
  return `${pairs(lines)}${policy.split('\n').map(harmless).join('\n').trimEnd()}`
}

export async function changes(ctx: Context, options: { state?: string }): Promise<void> {
  const items = await ctx.client('person').changes(options.state)
  ctx.out.answer(items, () => table(CHANGE_COLUMNS, items, 'No change was proposed.'))
}
export async function showChange(ctx: Context, id: string): Promise<void> {
  const change = await ctx.client('person').change(id)
  ctx.out.answer(change, () => changeCard(change))
}

/** Shows the change, then says yes to exactly what was shown. */
export async function approveChange(
  ctx: Context,
  id: string,
  options: { yes?: boolean; fingerprint?: string; reason?: string },
): Promise<void> {
  const client = ctx.client('person')
  const change = await client.change(id)
  if (change.state === 'Waiting' && change.requires.passkey)
    throw new Stop('REFUSED', 'This change takes a passkey, which only the page can ask for.', {
      code: 'ASSURANCE_TOO_LOW',
      lines: [`Open it: ${pageOf(ctx, client.url, 'approvals')}`],
    })
  if (options.fingerprint !== undefined && options.fingerprint !== change.fingerprint)
    throw new Stop('REFUSED', `The change has the fingerprint ${change.fingerprint}, not ${options.fingerprint}.`, {
      code: 'DIGEST_MISMATCH',
      lines: [`Look again: jax-exec changes show ${id}`],
    })
  if (options.yes !== true) {
    ctx.out.say(changeCard(change))
    const yes = await ctx.confirm(`\nApprove ${paint('bold', change.fingerprint, process.stderr)}?`)
    if (yes === null) throw new Stop('USAGE', 'There is no terminal to ask at; add --yes.')
    if (!yes) throw new Stop('FAILED', 'Not approved; nothing was changed.', { code: 'NOT_CONFIRMED' })
  }
  const after = await client.approveChange(id, change.digest, options.reason)
  ctx.out.answer(after, () => changeCard(after))
}
export async function declineChange(ctx: Context, id: string, options: { reason: string }): Promise<void> {
  const change = await ctx.client('person').declineChange(id, options.reason)
  ctx.out.answer(change, () => changeCard(change))
}

export async function proposed(ctx: Context, what: Proposed, reason: string): Promise<void> {
  const client = ctx.client('person')
  const change = await client.propose(what, reason)
  ctx.out.answer(change, () => changeCard(change))
  if (change.state !== 'Waiting') return
  ctx.out.say(
    change.requires.passkey
      ? `It waits for ${requirementInWords(change.requires)}: ${pageOf(ctx, client.url, 'approvals')}`
      : `It waits for ${requirementInWords(change.requires)}: jax-exec changes approve ${change.changeID}`,
  )
}

// --- people

const PEOPLE_COLUMNS: readonly Column<Person>[] = [
  { title: 'person', of: (p) => p.personID },
  { title: 'name', of: (p) => p.name },
  { title: 'roles', of: (p) => p.roles.join(' ') },
  { title: 'since', of: (p) => when(p.createdAt) },
  {
    title: '',
    of: (p) => (p.disabled ? 'disabled' : p.newcomer ? 'new: one click, until somebody confirms them' : ''),
    style: (p) => (p.disabled ? 'red' : 'yellow'),
  },
]
export async function people(ctx: Context): Promise<void> {
  const items = await ctx.client('person').people()
  ctx.out.answer(items, () => table(PEOPLE_COLUMNS, items, 'Nobody has signed in yet.'))
}

type Why = { readonly reason: string }
export const giveRoles = (ctx: Context, who: string, roles: string[], { reason }: Why): Promise<void> =>
  changed(ctx, who, ({ disabled }) => ({ roles, disabled }), reason)
export const disable = (ctx: Context, who: string, { reason }: Why): Promise<void> =>
  changed(ctx, who, ({ roles }) => ({ roles, disabled: true }), reason)
/** Somebody new counts as a second person from here on: the change leaves everything as it is, and others agree to it. */
export const confirm = (ctx: Context, who: string, { reason }: Why): Promise<void> =>
  changed(ctx, who, ({ roles, disabled }) => ({ roles, disabled }), reason)
export const enable = (ctx: Context, who: string, { reason }: Why): Promise<void> =>
  changed(ctx, who, ({ roles }) => ({ roles, disabled: false }), reason)

async function changed(
  ctx: Context,
  who: string,
  after: (now: Person) => Pick<Person, 'roles' | 'disabled'>,
  reason: string,
): Promise<void> {
  const person = await personMeant(ctx, who)
  await proposed(ctx, { kind: 'person', personID: person.personID, ...after(person) }, reason)
}

/** That of somebody else; one's own is revoked without asking anybody. */
export async function revokePasskeyOf(ctx: Context, who: string, which: string, { reason }: Why): Promise<void> {
  const { name, passkeys } = await personMeant(ctx, who)
  // Whoever may not propose it is shown none; the gateway says so.
  const credentialID =
    passkeys === undefined ? which : passkeyMeant(passkeys, which, `${harmless(name)} has`).credentialID
  await proposed(ctx, { kind: 'passkey revoked', credentialID }, reason)
}

async function personMeant(ctx: Context, who: string): Promise<Person> {
  const everybody = await ctx.client('person').people()
  const person = everybody.find(({ personID, name }) => personID === who || name === who)
  if (person === undefined)
    throw new Stop('NOT_FOUND', `Nobody here goes by ${harmless(who)}.`, {
      lines: ['See who there is: jax-exec people list'],
    })
  return person
}
