import type { ReactNode } from 'react'
import { cents, grouped, signed, signOf } from '../decimal.ts'

/** A decimal with thousands apart, its unit smaller behind it. Money is shown to the cent; pointing at it tells the rest. */
export function Figure({ value, unit }: { value: string | null; unit?: string | undefined }): ReactNode {
  if (value === null) return <Nothing />
  return (
    <span className="whitespace-nowrap" title={unit === undefined ? undefined : `${value} ${unit}`}>
      {grouped(unit === undefined ? value : cents(value))}
      {unit === undefined ? null : <span className="text-[0.8em] font-normal text-soft"> {unit}</span>}
    </span>
  )
}

const GAIN = { '-1': 'text-bad', '0': '', '1': 'text-good' } as const

/** A gain or a loss: the sign says it, the colour repeats it. */
export function Gain({ value, unit }: { value: string | null; unit?: string | undefined }): ReactNode {
  if (value === null) return <Nothing />
  return (
    <span
      className={`whitespace-nowrap ${GAIN[signOf(cents(value))]}`}
      title={unit === undefined ? undefined : `${value} ${unit}`}
    >
      {signed(cents(value))}
      {unit === undefined ? null : <span className="text-[0.8em] font-normal text-soft"> {unit}</span>}
    </span>
  )
}

/** There is no such value, said so that it is also heard. */
export function Nothing(): ReactNode {
  return (
    <span className="text-soft">
      <span aria-hidden="true">–</span>
      <span className="sr-only">none</span>
    </span>
  )
}
