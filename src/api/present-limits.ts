import { effectiveFrom } from '../desk/limiting.ts'
import { type LimitsNow, SCOPE } from '../desk/used.ts'
import { differences, LIMIT_NAMES, LIMITS, LIST_NAMES, LISTS, type LimitChange, type Limits } from '../gate/limits.ts'
import { modelInWords, type SizingModel } from '../gate/model.ts'
import type { Change, Strategy } from '../ports/records.ts'
import { type Decimal, text } from '../values/decimal.ts'
import { type Instant, rfc3339 } from '../values/instant.ts'
import { type NameOf, viewVote } from './present.ts'
import type * as wire from './wire.ts'

// Risk limits as programs read them: every amount as text, every limit under its name.

const shown = (value: Decimal | null): string | null => value && text(value)

export function viewLimits({ version, stage, values, lists }: Limits): wire.Limits {
  return {
    version,
    stage,
    values: Object.fromEntries(
      // As it was written and signed, also by a version that knew fewer.
      LIMIT_NAMES.flatMap((name) =>
        name in values ? [[name, { hard: shown(values[name].hard), soft: shown(values[name].soft) }]] : [],
      ),
    ) as wire.Limits['values'],
    lists: {
      symbols: lists.symbols && [...lists.symbols],
      restricted: [...lists.restricted],
      assetClasses: lists.assetClasses && [...lists.assetClasses],
      // As it was written and signed, also by a version that knew fewer.
      ...(lists.venues !== undefined && { venues: lists.venues && [...lists.venues] }),
      ...(lists.sessions !== undefined && { sessions: lists.sessions && [...lists.sessions] }),
      ordTypes: lists.ordTypes && [...lists.ordTypes],
      ...(lists.sectors !== undefined && { sectors: [...lists.sectors] }),
      allowShort: lists.allowShort,
    } as wire.Limits['lists'],
  }
}

export const viewStrategy = ({ strategyID, version, card, model }: Strategy): wire.Strategy => ({
  strategyID,
  version,
  card,
  model: model && viewModel(model),
  sizedBy: model ? modelInWords(model) : 'the risk budget alone',
})

function viewModel(model: SizingModel): wire.SizingModel {
  switch (model.kind) {
    case 'risk':
      return { kind: model.kind, share: text(model.share) }
    case 'quantity':
      return { kind: model.kind, orderQty: text(model.orderQty) }
    case 'notional':
      return { kind: model.kind, notional: text(model.notional) }
    case 'volatility':
      return { kind: model.kind, share: text(model.share), ranges: text(model.ranges) }
    case 'kelly':
      return {
        kind: model.kind,
        winRate: text(model.winRate),
        payoff: text(model.payoff),
        fraction: text(model.fraction),
      }
  }
}

export const viewLimitChanges = (before: Limits, after: Limits): wire.LimitChange[] =>
  differences(before, after).map(({ name, bound, old, new: now, tighter }) => ({
    name,
    bound,
    old: inWords(name, old),
    new: inWords(name, now),
    tighter,
  }))

/** A value as one text: `0.2`, `AAPL, MSFT`, `yes`. Null is no limit. */
function inWords(name: LimitChange['name'], value: LimitChange['old']): string | null {
  if (value === null) return null
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return LIST_NAMES.some((one) => one === name) ? (value as readonly string[]).join(', ') : text(value as Decimal)
}

/** What holds and how much of it is used. A figure that people set is told beside it where the configuration is stricter. */
export function viewLimitsNow(
  { people, holds, defaults, used, day, currency }: LimitsNow,
  account: string,
  who: Pick<wire.LimitsNow, 'can' | 'looser'>,
): wire.LimitsNow {
  const { limits, next } = people
  const stricter = new Set(differences(limits, holds).map(({ name }) => name))
  return {
    account,
    currency,
    inForce: viewLimits(limits),
    next: next && {
      limits: viewLimits(next.limits),
      from: rfc3339(next.from),
      changes: viewLimitChanges(limits, next.limits),
    },
    rows: used.map((one): wire.LimitRow => {
      const { name } = one
      const { control, unit, meaning, tighter, refusal } = LIMITS[name]
      return {
        name,
        control,
        unit,
        meaning,
        tighter,
        refusal,
        hard: shown(holds.values[name].hard),
        soft: shown(holds.values[name].soft),
        setByPeople: stricter.has(name) ? viewLimits(limits).values[name] : null,
        default: shown(defaults.values[name].hard),
        scope: SCOPE[name],
        used: {
          unit: one.unit,
          limit: shown(one.limit),
          soft: shown(one.soft),
          now: shown(one.used),
          percent: shown(one.percent),
          of: one.of,
        },
      }
    }),
    lists: LIST_NAMES.map((name): wire.LimitList => {
      const { control, kind, refusal, meaning } = LISTS[name]
      const value = viewLimits(holds).lists[name]
      return { name, control, kind, refusal, meaning, value, byConfiguration: stricter.has(name) }
    }),
    day: {
      day: day.day,
      from: rfc3339(day.from),
      until: rfc3339(day.until),
      openingEquity: shown(day.opening && day.opening.equity),
      highEquity: shown(day.opening && day.opening.highEquity),
      messages: day.messages,
      turnover: text(day.turnover),
    },
    ...who,
  }
}

/** Who changed the limits, when and why, newest first, what was never agreed on too. */
export function viewLimitsPast(
  began: (Pick<Limits, 'version' | 'stage'> & { readonly at: string }) | null,
  changes: readonly { readonly change: Change; readonly counted: ReadonlySet<string> }[],
  name: NameOf,
): wire.LimitsPast[] {
  const past: { readonly settledAt: Instant; readonly from: Instant }[] = []
  const items: wire.LimitsPast[] = []
  // From the newest on: what took the place of a change before its day had come is known by then.
  for (const { change, counted } of [...changes].sort((a, b) => b.change.proposedAt - a.change.proposedAt)) {
    const { what, state, settledAt } = change
    if (what.kind !== 'risk limits') continue
    const applied = state === 'Applied' && settledAt !== null
    const from = applied ? (effectiveFrom(what.before, what.after, settledAt) ?? settledAt) : null
    const instead = applied && from !== null ? past.filter((p) => p.settledAt >= settledAt && p.settledAt < from) : []
    const givenUpAt = instead.length === 0 ? null : (Math.min(...instead.map((p) => p.settledAt)) as Instant)
    if (applied && from !== null) past.push({ settledAt, from })
    items.push({
      at: rfc3339(change.proposedAt),
      state,
      changeID: change.changeID,
      version: what.after.version,
      by: name(change.proposer),
      reason: change.reason,
      from: from === null || givenUpAt !== null ? null : rfc3339(from),
      givenUpAt: givenUpAt === null ? null : rfc3339(givenUpAt),
      changes: viewLimitChanges(what.before, what.after),
      agreed: change.votes.map((vote) => viewVote(vote, name, counted)),
      note: change.note,
    })
  }
  if (!began) return items
  const { at, version, stage } = began
  return [
    ...items,
    {
      at,
      state: 'Began',
      changeID: null,
      version,
      by: `stage ${stage}`,
      reason: null,
      from: at,
      givenUpAt: null,
      changes: [],
      agreed: [],
      note: null,
    },
  ]
}
