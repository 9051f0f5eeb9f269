import type { ClOrdID } from '../values/brand.ts'
import { type Decimal, eq, text } from '../values/decimal.ts'
import type { Terms } from './terms.ts'

/**
 * What the bytes that are about to leave say, read back from these very bytes by other code than wrote them. What a
 * request does not carry, as the symbol of a replacement, is absent.
 */
export type Outgoing = { readonly clOrdID: string } & Partial<Omit<Terms, 'reduceOnly'>>

const said = (value: unknown): string =>
  value === null || value === undefined ? 'none' : typeof value === 'string' ? value : text(value as Decimal)
const number = (a: Decimal | null | undefined, b: Decimal | null | undefined): boolean =>
  a && b ? eq(a, b) : (a ?? null) === (b ?? null)

/**
 * In what the bytes differ from the order that was approved, in words; empty when they are that order.
 * Exits that travel with an entry may be left out, where the gateway places them itself; other ones may not travel.
 */
export function outgoingFaults(outgoing: Outgoing, clOrdID: ClOrdID, terms: Terms): string[] {
  const differs = (name: string, same: boolean, wire: unknown, meant: unknown): string[] =>
    same ? [] : [`${name} ${said(wire)} instead of ${said(meant)}`]
  const word = (name: 'symbol' | 'side' | 'ordType' | 'timeInForce'): string[] =>
    outgoing[name] === undefined ? [] : differs(name, outgoing[name] === terms[name], outgoing[name], terms[name])
  const figure = (name: 'orderQty' | 'price' | 'stopPx'): string[] =>
    outgoing[name] === undefined ? [] : differs(name, number(outgoing[name], terms[name]), outgoing[name], terms[name])
  const [own, meant] = [outgoing.bracket ?? null, terms.bracket]
  return [
    ...differs('ClOrdID', outgoing.clOrdID === clOrdID, outgoing.clOrdID, clOrdID),
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
