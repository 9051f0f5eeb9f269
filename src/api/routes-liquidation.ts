import { z } from 'zod'
import type { ClosingLine } from '../desk/closing.ts'
import type { Denial } from '../desk/desk.ts'
import type { Liquidation } from '../orders/liquidation.ts'
import { type Decimal, isZero, text } from '../values/decimal.ts'
import { rfc3339 } from '../values/instant.ts'
import type { Result } from '../values/result.ts'
import { answers, denied, json } from './answers.ts'
import type { Api } from './context.ts'
import { empty, label, listOf, reason, symbol } from './fields.ts'
import { viewTerms } from './present.ts'
import type { Answer } from './problem.ts'
import { type Route, route } from './route.ts'
import * as schema from './schema.ts'
import type * as wire from './wire.ts'

// Everything canceled, what is held closed, and the proof that nothing is left.

const orNull = (d: Decimal | null): string | null => d && text(d)

const viewLine = (line: ClosingLine): wire.LiquidationLine => ({
  symbol: line.symbol,
  netQty: orNull(line.netQty),
  bookQty: text(line.bookQty),
  startQty: orNull(line.startQty),
  closedQty: text(line.closedQty),
  avgPx: orNull(line.avgPx),
  bid: orNull(line.quote && line.quote.bid),
  ask: orNull(line.quote && line.quote.ask),
  quoteAt: line.quote && rfc3339(line.quote.at),
  quoteFresh: line.quote?.isFresh ?? false,
  spreadBps: orNull(line.spreadBps),
  worth: orNull(line.worth),
  marketOpen: line.isOpen,
  cancels: line.cancels.map(({ clOrdID, role, terms }) => ({ clOrdID, role, terms: viewTerms(terms) })),
  step: line.step.state,
  text: line.step.text,
})

async function viewLiquidation(api: Api): Promise<wire.Liquidation> {
  const [last, row] = await Promise.all([
    api.reads.get('liquidation', 'account'),
    api.reads.get('account', api.account),
  ])
  const of = { account: api.account, currency: row?.account.currency ?? null }
  if (!last)
    return {
      ...of,
      state: 'None',
      liquidationID: null,
      by: null,
      reason: null,
      symbols: null,
      collarBps: null,
      market: false,
      startedAt: null,
      endedAt: null,
      stoppedBy: null,
      stoppedWhy: null,
      lines: [],
      report: null,
    }
  const lines = last.state === 'Running' ? await api.desk.closingLines(shownOf(last)) : []
  return {
    ...of,
    state: last.state,
    liquidationID: last.liquidationID,
    by: last.byName,
    reason: last.reason,
    symbols: last.symbols && [...last.symbols],
    collarBps: last.collarBps,
    market: last.market,
    startedAt: rfc3339(last.startedAt),
    endedAt: last.endedAt === null ? null : rfc3339(last.endedAt),
    stoppedBy: last.endedBy,
    stoppedWhy: last.endedWhy,
    lines: lines.map(viewLine),
    report:
      last.report &&
      last.report.map((one) => ({
        symbol: one.symbol,
        heldQty: text(one.heldQty),
        closedQty: text(one.closedQty),
        avgPx: orNull(one.avgPx),
        leftQty: text(one.leftQty),
        why: one.why,
      })),
  }
}

/** What was held once stays on the list when it is closed; before the first reading the desk knows what there is. */
const shownOf = ({ symbols, survey }: Liquidation): readonly string[] | null =>
  symbols ?? (survey && survey.positions.map((one) => one.symbol))

/** What other hands hold is not watched all the time, and a trade overtakes the count: both are asked for, and waited for a little. */
async function freshLines(api: Api): Promise<readonly ClosingLine[]> {
  let lines = await api.desk.closingLines(null)
  const isOld = ({ quote, netQty }: ClosingLine): boolean => netQty === null || (!quote?.isFresh && !isZero(netQty))
  for (const { symbol: of } of lines.filter(isOld)) await api.desk.requestFacts(of)
  for (let i = 0; i < 10 && lines.some(isOld) && !api.closing.aborted; i++) {
    await api.clock.sleep(api.limits.settleMs / 10, api.closing)
    lines = await api.desk.closingLines(null)
  }
  return lines
}

async function done(api: Api, result: Result<Liquidation, Denial>): Promise<Answer> {
  return result.ok ? json(await viewLiquidation(api)) : denied(result.error)
}

export const LIQUIDATION: readonly Route[] = [
  route({
    name: 'getLiquidation',
    method: 'GET',
    path: '/v1/liquidation',
    access: ['orders:read'],
    tag: 'Halt',
    summary: 'Is everything being closed, and how far is it?',
    answers: answers('The last liquidation, line by line while it runs.', schema.liquidation),
    async run(api) {
      return json(await viewLiquidation(api))
    },
  }),
  route({
    name: 'planLiquidation',
    method: 'GET',
    path: '/v1/liquidation/plan',
    access: ['orders:read'],
    tag: 'Halt',
    summary: 'What would be canceled and closed',
    description:
      'Does nothing: what is held by the broker’s last word, what it is worth, whether it can be closed now and how, and which orders would be canceled first. The largest comes first.',
    answers: answers('The plan.', schema.liquidationPlan),
    async run(api) {
      const lines = await freshLines(api)
      const row = await api.reads.get('account', api.account)
      return json({
        account: api.account,
        environment: api.environment,
        currency: row?.account.currency ?? null,
        readAt: row && rfc3339(row.at),
        lines: lines.map(viewLine),
      } satisfies wire.LiquidationPlan)
    },
  }),
  route({
    name: 'startLiquidation',
    method: 'POST',
    path: '/v1/liquidation',
    access: ['kill:release'],
    tag: 'Halt',
    summary: 'Cancel everything and close what is held',
    description:
      'For people with the role risk or operator. `account` is the name of this account, typed. Everything is halted at K4 first and stays so. Then every open order is canceled, and what the broker holds is closed with orders that only reduce, with limits inside the price collar; where an order is in doubt, the market closed or the quote old, it is waited for. It ends when a reading of the broker after the last trade shows nothing held. A named symbol of which nothing is held or open is NOT_FOUND: nothing is closed then, and the halt stays.',
    body: z.strictObject({
      account: label('The name of this account, typed: what `account` of the plan says.', 'paper:sim:main'),
      reason,
      symbols: listOf(symbol, 'Only these; all when absent.')
        .meta({ examples: [['AAPL']] })
        .exactOptional(),
    }),
    answers: answers('It runs: the halt and the cancels are durable.', schema.liquidation),
    problems: ['NOT_FOUND', 'NOT_ELIGIBLE', 'WRONG_ACCOUNT', 'LIQUIDATING'],
    examples: [
      {
        title: 'Close everything',
        path: '/v1/liquidation',
        body: { account: 'paper:sim:main', reason: 'Our key is in strange hands.' },
      },
    ],
    async run(api, { body, caller }) {
      const { account, reason: why, symbols = null } = body
      return done(api, await api.desk.startLiquidation({ account, symbols, reason: why, actor: caller.actor }))
    },
  }),
  route({
    name: 'allowMarketOrders',
    method: 'POST',
    path: '/v1/liquidation/market',
    access: ['kill:release'],
    tag: 'Halt',
    summary: 'Close the rest at any price',
    description:
      'For people with the role risk or operator, while it runs. From then on its orders have no limit, and go without a fresh quote too. It is never done by itself. Said twice, it is said once.',
    body: empty,
    answers: answers('Allowed.', schema.liquidation),
    problems: ['NOT_ELIGIBLE', 'NOT_LIQUIDATING'],
    async run(api, { caller }) {
      return done(api, await api.desk.allowMarketOrders({ actor: caller.actor }))
    },
  }),
  route({
    name: 'stopLiquidation',
    method: 'DELETE',
    path: '/v1/liquidation',
    access: ['kill:release'],
    tag: 'Halt',
    summary: 'Stop closing',
    description:
      'For people with the role risk or operator. Its open orders are taken back, and stops come back for what is still held. The halt stays.',
    body: z.strictObject({ reason }),
    answers: answers('Stopped.', schema.liquidation),
    problems: ['NOT_ELIGIBLE', 'NOT_LIQUIDATING'],
    async run(api, { body, caller }) {
      return done(api, await api.desk.stopLiquidation({ reason: body.reason, actor: caller.actor }))
    },
  }),
]
