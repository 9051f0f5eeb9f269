import type { Alert, Card, Heard, House } from '../../ports/channel.ts'
import type { IntentID } from '../../values/brand.ts'
import { type Instant, parseInstant } from '../../values/instant.ts'

/** What the tests of this channel share: one order, and a house that writes down what it was asked. */

export const NOON = parseInstant('2026-11-22T15:13:20Z') as Instant

export const CARD: Card = {
  gateway: 'gAtEwAy0123456_-',
  intentID: 'sig-1' as IntentID,
  rev: 3,
  digest: '0CzsYl74tig7is-FqM3NzAB851lHM62ejkUHO28vCC0',
  fingerprint: 'd02c-ec62',
  environment: 'paper',
  title: 'BUY 10 AAPL',
  facts: [
    { name: 'Limit', value: '187.50 DAY' },
    { name: 'Max notional', value: '1880.00 USD' },
  ],
  reasoning: 'Breakout over 187 on volume',
  state: 'waiting',
  stateText: 'Waits for one yes.',
  decideBy: parseInstant('2026-11-22T15:18:20Z'),
  takesYes: true,
  url: 'https://jax.example/orders/sig-1',
}

export const ALERT: Alert = {
  gateway: CARD.gateway,
  taskID: 'FROZEN:AAPL',
  severity: 'critical',
  environment: 'paper',
  title: 'FROZEN AAPL',
  text: 'AAPL is frozen: [40](http://evil) at the broker.',
  state: 'waiting',
  stateText: 'Nobody has said that they saw it.',
  url: 'https://jax.example/activity',
  runbook: 'docs/emergency.md#e13-reconciliation-break',
}

export type Asked = { readonly what: string; readonly with: unknown }

/** A house of one order: the first word decides, whatever comes after is told so. */
export function houseOf(first: Card) {
  const asked: Asked[] = []
  const seen = new Set<string>()
  const no = (code: string, text: string): Heard => ({ ok: false, code, text, card: at.card })
  const at = { card: first, alert: ALERT, asked, down: false }
  const house: House = {
    gateway: CARD.gateway,
    async card(intentID) {
      if (at.down) throw new Error('the store is away')
      return intentID === at.card.intentID ? at.card : null
    },
    async decide(click) {
      if (at.down) throw new Error('the store is away')
      asked.push({ what: 'decide', with: click })
      if (at.card.state !== 'waiting') return no('already_decided', `It was decided before: ${at.card.stateText}`)
      if (click.rev !== at.card.rev) return no('order_changed', 'The order has changed since. Look at the new card.')
      if (!at.card.digest.startsWith(click.digest))
        return no('digest_mismatch', 'This is not the order that was shown.')
      const yes = click.verdict === 'approve'
      if (yes && !at.card.takesYes) return no('assurance_too_low', 'A yes needs your passkey: open the order in Jax.')
      const stateText = yes ? 'Approved by Ana via Teams.' : 'Rejected by Ana via Teams.'
      at.card = { ...at.card, state: yes ? 'approved' : 'declined', stateText, decideBy: null }
      return { ok: true, text: stateText, card: at.card }
    },
    async alert(taskID) {
      return taskID === at.alert.taskID ? at.alert : null
    },
    async acknowledge(ask) {
      asked.push({ what: 'acknowledge', with: ask })
      if (ask.taskID !== at.alert.taskID) return no('NOT_FOUND', 'There is no such alert.')
      at.alert = { ...at.alert, state: 'ended', stateText: 'Ana saw it.' }
      return { ok: true, text: 'Taken down.', card: null }
    },
    async addReason(ask) {
      asked.push({ what: 'addReason', with: ask })
      return { ok: true, text: 'Kept.', card: at.card }
    },
    async link(ask) {
      asked.push({ what: 'link', with: ask })
      return ask.code === 'GOOD-CODE'
        ? { ok: true, text: 'You are linked as Ana.', card: null }
        : { ok: false, code: 'wrong_code', text: 'This code is not known. Ask for a new one in Jax.', card: null }
    },
    async halt(ask) {
      asked.push({ what: 'halt', with: ask })
      return { ok: true, text: 'Trading is halted.', card: null }
    },
    async status(by) {
      asked.push({ what: 'status', with: by })
      return { ok: true, text: 'Trading.\n2 orders wait.', card: null }
    },
    async once(key) {
      if (seen.has(key)) return false
      seen.add(key)
      return true
    },
  }
  return {
    house,
    at,
    asked: (what: string): readonly unknown[] => asked.filter((a) => a.what === what).map((a) => a.with),
  }
}
