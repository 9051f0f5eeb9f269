import type { ClOrdID } from '../values/brand.ts'
import { type Decimal, eq, text } from '../values/decimal.ts'
import type { Terms } from './terms.ts'

/**
 * What is about to leave says of one order, read back from the very bytes by other code than wrote them. What a
 * replacement does not carry, as its symbol, is absent.
 */
export type Outgoing = { readonly clOrdID: string } & Partial<Omit<Terms, 'reduceOnly'>>

const said = (value: unknown): string =>
  value === null || value === undefined ? 'none' : typeof value === 'string' ? value : text(value as Decimal)
const number = (a: Decimal | null | undefined, b: Decimal | null | undefined): boolean =>
  a && b ? eq(a, b) : (a ?? null) === (b ?? null)

/** What a request orders anew, or what it puts in the place of an open order. */
export type Request = 'new' | 'replacement'
const REQUIRED: Readonly<Record<Request, readonly (keyof Terms)[]>> = {
  new: ['symbol', 'side', 'ordType', 'timeInForce', 'orderQty', 'price', 'stopPx'],
  // The broker keeps the rest of what it replaces.
  replacement: ['orderQty', 'price', 'stopPx'],
}

/**
 * In what the request differs from the order that was approved, in words; empty when it is that order.
 * Exits that travel with an entry may be left out, where the gateway places them itself; other ones may not travel.
 */
export function outgoingFaults(outgoing: Outgoing, clOrdID: ClOrdID, terms: Terms, request: Request): string[] {
  const differs = (name: string, same: boolean, wire: unknown, meant: unknown): string[] =>
    same ? [] : [`${name} ${said(wire)} instead of ${said(meant)}`]
  const word = (name: 'symbol' | 'side' | 'ordType' | 'timeInForce'): string[] =>
    outgoing[name] === undefined ? [] : differs(name, outgoing[name] === terms[name], outgoing[name], terms[name])
  const figure = (name: 'orderQty' | 'price' | 'stopPx'): string[] =>
    outgoing[name] === undefined ? [] : differs(name, number(outgoing[name], terms[name]), outgoing[name], terms[name])
  const [own, meant] = [outgoing.bracket ?? null, terms.bracket]
  const untold = REQUIRED[request].filter((name) => outgoing[name as keyof Outgoing] === undefined)
  // Another name is another order, or bytes that nobody can read: what else they say does not matter.
  if (outgoing.clOrdID !== clOrdID) return differs('ClOrdID', false, outgoing.clOrdID, clOrdID)
  return [
    ...untold.map((name) => `${name} not told`),
    ...word('symbol'),
    ...word('side'),
    ...word('ordType'),
    ...word('timeInForce'),
    ...figure('orderQty'),
    ...figure('price'),
    ...figure('stopPx'),
    ...(own === null
      ? []
      : [
          ...differs('stop beside it', number(own.stopPx, meant?.stopPx), own.stopPx, meant?.stopPx),
          ...differs('target beside it', number(own.targetPx, meant?.targetPx), own.targetPx, meant?.targetPx),
          ...differs(
            'limit of the stop beside it',
            number(own.stopLimitPx, meant?.stopLimitPx),
            own.stopLimitPx,
            meant?.stopLimitPx,
          ),
        ]),
  ]
}
