import type { ReactNode } from 'react'
import type { Sizing } from '../../api/wire.ts'
import { cents, grouped, percent } from '../decimal.ts'
import { Badge } from '../parts/badge.tsx'
import { bindingInWords } from '../words.ts'

type Step = { what: string; how: ReactNode; result: ReactNode; decided?: boolean }

/** Where the quantity comes from: one sentence, and every step of it when opened. */
export function SizingSteps({ sizing, symbol, open }: { sizing: Sizing; symbol: string; open?: boolean }): ReactNode {
  const { currency } = sizing
  return (
    <details open={open} className="group rounded-md border border-line text-sm">
      <summary className="px-3 py-2">
        <strong>Why {grouped(sizing.qty)}?</strong>{' '}
        <span className="text-soft">
          {percent(sizing.riskPerTrade)} % of {grouped(cents(sizing.equity))} {currency} at risk,{' '}
          {grouped(sizing.riskPerUnit)} lost per {symbol} at the stop,{' '}
          {sizing.binding === 'risk' ? 'whole lots' : `held down by ${bindingInWords(sizing.binding)}`}.
        </span>
      </summary>
      <div className="border-t border-line px-3 py-2">
        <table className="w-full">
          <caption className="sr-only">How the quantity was computed</caption>
          <thead className="sr-only">
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Computed from</th>
              <th scope="col">Result</th>
            </tr>
          </thead>
          <tbody>
            {steps(sizing).map(({ what, how, result, decided }) => (
              <tr key={what} className={`align-baseline ${decided ? 'font-bold' : ''}`}>
                <th scope="row" className="py-0.5 pr-3 text-left font-normal">
                  {decided ? (
                    <>
                      <strong>{what}</strong> <Badge tone="accent">decides</Badge>
                    </>
                  ) : (
                    what
                  )}
                </th>
                <td className="hidden py-0.5 pr-3 text-right text-soft sm:table-cell">{how}</td>
                <td className="py-0.5 text-right whitespace-nowrap">{result}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function steps(s: Sizing): Step[] {
  const converted = s.conversionRate !== '1'
  return [
    {
      what: 'May be lost on this trade',
      how: `equity ${grouped(s.equity)} × ${percent(s.riskPerTrade)} %`,
      result: `${grouped(s.riskAmount)} ${s.currency}`,
    },
    {
      what: 'Lost per unit at the stop',
      how: `${grouped(s.entryPx)} to ${grouped(s.stopPx)}${converted ? `, × ${s.conversionRate}` : ''}`,
      result: `${grouped(s.riskPerUnitAccount)} ${s.currency}`,
    },
    {
      what: 'Size by risk',
      how: `${grouped(s.riskAmount)} ÷ ${grouped(s.riskPerUnitAccount)}`,
      result: grouped(s.rawQty),
      decided: s.binding === 'risk',
    },
    ...s.caps.map(({ name, limit, capQty }) => ({
      what: `At most, by ${bindingInWords(name)}`,
      how: `limit ${grouped(limit)}`,
      result: grouped(capQty),
      decided: s.binding === name,
    })),
    { what: 'In whole lots', how: `lot ${grouped(s.lot)}, rounded down`, result: <strong>{grouped(s.qty)}</strong> },
  ]
}
