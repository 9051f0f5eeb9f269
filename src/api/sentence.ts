import type { Action, Happened } from '../desk/events.ts'
import type { Row } from '../journal/row.ts'
import { tradingIn } from '../orders/halt.ts'
import { STAGE_TITLES } from '../orders/stage.ts'
import { rfc3339 } from '../values/instant.ts'
import { type Decimal, shortest } from '../values/decimal.ts'
import { visible } from '../values/shown.ts'
import type { Report } from '../orders/report.ts'
import type { ChangeOf, Decision, Waiver } from '../ports/records.ts'
import { explainTo, inWords, lasting, type NameOf } from './present.ts'
import type * as wire from './wire.ts'

type Told<A extends Action> = {
  readonly data: Happened[A]
  readonly id: string
  readonly who: string
  readonly name: NameOf
}

const n = (d: Decimal): string => shortest(d)
const because = (reason: string | null): string => (reason ? `: ${reason}` : '')

/** With what a yes was given, where it was more, or less, than a click in the page. */
const withWhat = ({ evidence }: Decision): string => {
  switch (evidence?.kind) {
    case 'passkey':
      return ' with a passkey'
    case 'channel':
      return evidence.provider === 'slack' ? ' in Slack' : ' in Teams'
    case 'armed':
      return ' beforehand, by arming the strategy'
    default:
      return ''
  }
}
/** `maxOrderNotional up to 9880` */
const beyondInWords = ({ lifts, raised }: Pick<Waiver, 'lifts' | 'raised'>): string =>
  lifts
    .map((name) => {
      const figure = raised?.[name]
      return figure === undefined ? name : `${name} up to ${n(figure)}`
    })
    .join(', ')
const what = (change: ChangeOf, name: NameOf): string => {
  switch (change.kind) {
    case 'approval policy':
      return `version ${change.policy.version} of the policy of approvals`
    case 'person':
      return `${name(change.personID)} ${change.after.disabled ? 'without access' : `as ${change.after.roles.join(', ')}`}`
    case 'strategy':
      return `what is said of the strategy ${change.strategyID}`
    case 'release':
      return `the release of the halt of ${change.scope === 'global' ? 'everything' : change.scope} (${change.level}) by ${change.by}`
    case 'waiver':
      return `${change.intentID} beyond ${beyondInWords(change)}, once`
    case 'stage':
      return change.after === change.before
        ? `build ${change.build} in stage ${change.after}`
        : `stage ${change.after}, ${STAGE_TITLES[change.after]}`
    case 'risk limits':
      return `version ${change.after.version} of the risk limits`
    case 'passkey revoked':
      return `a passkey of ${name(change.personID)} revoked`
  }
}

/** One sentence for each thing that can happen, for people who read the story of an order. */
const SAYS: { readonly [A in Action]: (told: Told<A>) => string } = {
  'gateway.started': ({ data }) => `The gateway started, version ${data.version}.`,
  'gateway.stopped': () => 'The gateway stopped, with nothing cut off.',

  'intent.received': ({ data, who }) => {
    const { proposal: p } = data.intent
    const what =
      p.side === 'Hold'
        ? `to hold ${p.symbol}`
        : `to ${p.side.toLowerCase()} ${p.orderQty === null ? '' : `${n(p.orderQty)} `}${p.symbol} near ${n(p.entryPx)} with a stop at ${n(p.stopPx)}`
    return `${who} proposed ${what} (${p.strategyID}).`
  },
  'intent.ticketed': ({ data }) => {
    const why = {
      sized: 'Sized and checked',
      repriced: 'Re-priced at the market of now',
      drifted: 'The market moved, so it was priced anew',
      'never sent': 'It never left, so it was priced anew',
    }[data.why]
    return `${why}: ${inWords(data.ticket.terms)}, at most ${n(data.ticket.maxNotional)} ${data.ticket.currency}. Waiting for a person.`
  },
  'intent.refused': ({ data, name }) =>
    `Refused${data.at === 'send' ? ' at the last check before sending' : ''}: ${data.refusals.map((refusal) => explainTo(refusal, name)).join(' ')}`,
  'intent.voted': ({ data }) =>
    `${data.decision.byName} approved${withWhat(data.decision)}${because(data.decision.reason)}. More people are asked.`,
  'intent.put-aside': ({ data: { aside } }) =>
    ({
      snoozed: `${aside.byName} put it off${because(aside.text)}.`,
      reanalyse: `${aside.byName} asked for another look${because(aside.text)}.`,
      reason: `${aside.byName} gave the reason${because(aside.text)}.`,
    })[aside.kind],
  'intent.escalated': ({ data: { waitedMs, missing, putOff }, name }) =>
    `It has waited for ${lasting(waitedMs)}, and ${missing} ${missing === 1 ? 'yes is' : 'yeses are'} missing: further people are told.${putOff.length === 0 ? '' : ` ${putOff.map(name).join(' and ')} had put it off.`}`,
  'intent.approved': ({ data }) =>
    `${data.decision.byName} approved${withWhat(data.decision)}${because(data.decision.reason)}.`,
  'intent.declined': ({ data }) => `${data.decision.byName} declined${because(data.decision.reason)}.`,
  'intent.withdrawn': ({ data, name }) => `${name(data.decision.byName)} withdrew it${because(data.decision.reason)}.`,
  'intent.lapsed': ({ data }) => `Lapsed. ${data.why}`,

  'order.created': ({ data }) =>
    `Order made: ${inWords(data.order.terms)} (${data.order.role.toLowerCase()}, ${data.order.clOrdID}).`,
  'order.adopted': ({ data }) => `Taken into the book, made by other hands: ${inWords(data.order.terms)}.`,
  'order.send-started': ({ data, id }) =>
    data.attempt > 1 ? `Offering ${id} to the broker again, under the same name.` : `Sending ${id} to the broker.`,
  'order.accepted': ({ data, id }) => `The broker has ${id}${data.orderID ? ` as ${data.orderID}` : ''}.`,
  'order.rejected': ({ data, id }) => `The broker rejected ${id}: ${data.text}`,
  'order.in-doubt': ({ data, id }) =>
    `Whether the broker has ${id} is unknown (${data.cause}). Looking it up; nothing is sent again meanwhile.`,
  'order.absent': ({ data, id }) => `${id} never reached the broker: ${data.evidence}`,
  'order.resized': ({ data, id }) =>
    `${id} is for ${n(data.orderQty)} now${data.works ? ', and works on: others made it larger' : ''}.`,
  'order.replace-requested': ({ data, id, name }) =>
    `${name(data.decision.byName)} changed ${id}${data.decision.reason ? ` (${data.decision.reason})` : ''}: ${data.by} is to take its place: ${inWords(data.ticket.terms)} in all.`,
  'order.cancel-requested': ({ data, id, who }) => `${who} asked to cancel ${id}${because(data.why)}.`,
  'order.cancel-answered': ({ data, id }) =>
    ({
      accepted: `The broker took the request to cancel ${id}.`,
      rejected: `The broker refused to cancel ${id}${because(data.text)}.`,
      'in-doubt': `Whether the broker took the request to cancel ${id} is unknown; it is asked again.`,
    })[data.outcome],

  'execution.reported': ({ data, id }) => reported(data.report, id),
  'execution.disputed': ({ data, id }) =>
    `The broker reported ${data.report.execType} for ${id}, which is ${data.fault.phase}: set aside for a person.`,

  'stage.opened': ({ data: { stage, from } }) =>
    `The account begins at stage ${stage}, ${STAGE_TITLES[stage]}${from ? `, promoted in the book of ${from.account}` : ''}.`,
  'stage.changed': ({ data: { stage, cause, why, build } }) =>
    ({
      promoted: `The account goes on to stage ${stage}, ${STAGE_TITLES[stage]}: ${why}`,
      demoted: `The account goes back to stage ${stage}, ${STAGE_TITLES[stage]}: ${why}`,
      'build agreed to': `Build ${build ?? 'unknown'} may trade in stage ${stage}: ${why}`,
    })[cause],
  'waiver.granted': ({ data: { waiver } }) =>
    `${waiver.of} may be beyond ${beyondInWords(waiver)} once, as ${waiver.intentID}, until ${rfc3339(waiver.until)}.`,
  'controls.reviewed': ({ data: { review } }) => `${review.byName} reviewed all controls: ${review.note}`,
  'drill.held': ({ data: { drill } }) =>
    `${drill.byName} held the drill ${drill.drill}: ${drill.result}${drill.attested ? ', by their own word' : ''}.`,
  'limits.opened': ({ data }) => `The risk limits begin with those of stage ${data.limits.stage}.`,
  'limits.changed': ({ data }) =>
    `Version ${data.limits.version} of the risk limits ${data.from === null ? 'is in force' : `is in force from ${rfc3339(data.from)} on`}.`,
  'strategy.described': ({ data }) =>
    `The strategy ${data.strategy.strategyID} is described, version ${data.strategy.version}.`,
  'day.opened': ({ data }) => `The trading day ${data.day} began with equity of ${n(data.opening.equity)}.`,
  'halt.engaged': ({ data, name }) =>
    `${name(data.by)} halted ${data.scope && data.scope !== 'global' ? tradingIn(data.scope).replace('T', 't') : 'trading'}${data.level ? ` (${data.level})` : ''}: ${data.reason}`,
  'halt.released': ({ data }) => `${data.by} released the halt: ${data.reason}`,
  'liquidation.started': ({ data: { liquidation: l } }) =>
    `${l.byName} has ${l.symbols === null ? 'everything' : l.symbols.join(', ')} canceled and closed: ${l.reason}`,
  'liquidation.surveyed': ({ data }) =>
    `The broker holds ${data.positions.map(({ symbol, netQty }) => `${n(netQty)} ${symbol}`).join(', ')}.`,
  'liquidation.market-allowed': ({ data }) => `${data.byName} allows exits without a limit.`,
  'liquidation.stopped': ({ data }) => `${data.byName} stopped the liquidation: ${data.reason}`,
  'liquidation.flat': ({ data }) =>
    `The liquidation is over: ${data.report.map((line) => `${line.symbol} ${n(line.heldQty)} to ${n(line.leftQty)}`).join(', ') || 'nothing was held'}.`,
  'instrument.frozen': ({ data }) => `${data.symbol} is frozen: ${data.reason}`,
  'instrument.thawed': ({ data }) => `${data.symbol} is open again: ${data.reason}`,
  'task.raised': ({ data }) => `For a person: ${data.task.text}`,
  'task.acknowledged': ({ data, id, name }) => `${name(data.by)} has seen ${id}.`,
  'task.escalated': ({ data, id }) =>
    `Nobody said within ${Math.round(data.waitedMs / 1000)} s that they saw ${id}: further people are told.`,
  'task.closed': ({ data, id, name }) => `${name(data.by)} closed ${id}: ${data.note}`,
  'broker.connected': ({ data }) => `The stream of reports from ${data.broker} is up.`,
  'broker.lost': ({ data }) => `The stream of reports from ${data.broker} is lost: ${data.text}. Orders are polled.`,
  'account.reconciled': ({ data }) =>
    data.run.clean
      ? ['Our book and the broker agree.', ...data.run.findings].join(' ')
      : `Our book and the broker differ: ${data.run.findings.join(' ')}`,
  'account.identified': ({ data }) =>
    `This is the book of ${data.account}, which the broker calls ${data.identity.name} (${data.identity.accountID}).`,

  'code.issued': ({ who }) => `${who} made a one-time sign-in code.`,
  'person.added': ({ data }) => `${data.person.name} joined as ${data.person.roles.join(', ')}.`,
  'session.opened': ({ data, name }) =>
    `${name(data.session.personID)} signed in (${'linkID' in data ? 'by the sign-in provider' : data.session.via}).`,
  'session.ended': ({ id, name }) => `${name(id)} signed out.`,
  'person.changed': ({ data, id, name }) =>
    data.disabled ? `${name(id)} has no access any more.` : `${name(id)} is ${data.roles.join(', ')} now.`,
  'passkey.enrolled': ({ data, name }) => `${name(data.passkey.personID)} enrolled the passkey "${data.passkey.name}".`,
  'passkey.revoked': ({ data }) => `A passkey was revoked${because(data.why)}.`,
  'link.made': ({ data, name }) =>
    `${name(data.link.personID)} linked ${{ slack: 'a Slack account', teams: 'a Teams account', oidc: 'an account at the sign-in provider' }[data.link.provider]}.`,
  'link.ended': ({ data, id }) =>
    `${id.startsWith('oidc:') ? 'An account at the sign-in provider' : 'A chat account'} was unlinked${because(data.why)}.`,
  'change.proposed': ({ data: { change }, name }) =>
    `${change.proposerName} proposed ${what(change.what, name)}${because(change.reason)}.`,
  'change.voted': ({ data }) => `${data.decision.byName} agreed${withWhat(data.decision)}.`,
  'change.applied': ({ data }) => `The change holds from now on${data.note === null ? '' : ` (${data.note})`}.`,
  'change.declined': ({ data }) => `${data.decision.byName} declined the change${because(data.decision.reason)}.`,
  'change.lapsed': ({ data }) => `The change lapsed. ${data.why}`,
  'policy.changed': ({ data }) => `The policy of approvals is version ${data.policy.version} now.`,
  'strategy.armed': ({ data: { arming } }) =>
    `${arming.byName} armed ${arming.strategyID} for ${arming.symbols.join(', ')}: ${arming.maxCount} orders of ${n(arming.maxNotional)} at most go without being asked.`,
  'strategy.disarmed': ({ data }) => `Nothing of the strategy goes without being asked any more. ${data.why}`,
  'token.issued': ({ data, who }) => `${who} made the token ${data.token.name} (${data.token.scopes.join(', ')}).`,
  'token.revoked': ({ data, who, name }) => `${who} revoked the token ${name(data.tokenID)}.`,
}

function reported(report: Report, id: string): string {
  switch (report.execType) {
    case 'New':
      return `${id} is working at the broker.`
    case 'Canceled':
      return `${id} is canceled${because(report.text)}.`
    case 'Replaced':
      return `${id} is replaced${because(report.text)}: another order works in its place.`
    case 'Rejected':
      return `The broker rejected ${id}${because(report.text)}.`
    case 'Expired':
      return `${id} expired at the broker${because(report.text)}.`
    case 'Trade':
      return `${id} filled ${n(report.lastQty)} at ${n(report.lastPx)}${report.feeQty ? `; ${n(report.feeQty)} of it were kept as a fee` : ''}.`
    case 'TradeCancel':
      return `The broker took back the fill ${report.refExecID} of ${id}.`
    case 'TradeCorrect':
      return `The broker corrected the fill ${report.refExecID} of ${id} to ${n(report.lastQty)} at ${n(report.lastPx)}.`
  }
}

const ACTOR: Readonly<Record<string, string>> = { system: 'The gateway', broker: 'The broker' }

/**
 * One readable sentence for a journal row; a generic one for what this version does not know. What a broker wrote stands in
 * the middle of some: it may not turn round what follows it.
 */
export function sentence(row: Row, name: NameOf): string {
  const who = ACTOR[row.actor.type] ?? name(row.actor.id)
  const says = Object.hasOwn(SAYS, row.action)
    ? (SAYS as Readonly<Record<string, (told: unknown) => string>>)[row.action]
    : undefined
  try {
    if (says) return visible(says({ data: row.data, id: row.object.id, who, name }))
  } catch {
    // A row of an older form: the feed must go on, so it is told in general terms.
  }
  return `${who}: ${row.action.replaceAll(/[.-]/g, ' ')} (${row.object.type} ${row.object.id}).`
}

/** What would help somebody into another's session, or to guess at one. Never leaves the journal by this door. */
const SECRETS = new Set(['hash', 'csrf', 'codeHash', 'sessionHash', 'session'])
function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      SECRETS.has(key) && typeof inner === 'string' ? [] : [[key, without(inner)]],
    ),
  )
}

/** Who signs in, with what, and which tokens there are concerns people, not agents. */
const PRIVATE = /^(code|person|session|token|passkey|link|change)\./

/** @param whole false for agents: of rows about access they learn the action alone. */
export function viewEvent(row: Row, name: NameOf, whole: boolean): wire.Event {
  const hidden = !whole && PRIVATE.test(row.action)
  return {
    seq: row.seq,
    ts: row.ts,
    action: row.action,
    actor: hidden
      ? { type: row.actor.type, id: '', via: row.actor.via }
      : { type: row.actor.type, id: row.actor.id, via: row.actor.via },
    object: { ...row.object, id: hidden ? '' : row.object.id },
    corr: row.corr,
    data: hidden ? {} : (without(row.data) as Record<string, unknown>),
    text: hidden ? 'Access to the gateway changed.' : sentence(row, name),
  }
}
