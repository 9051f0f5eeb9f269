import type { ReactNode } from 'react'
import type { StageDay } from '../../api/wire.ts'

/** Of the newest days, as many as fit beside each other. */
const DAYS_SHOWN = 60
const HIGH = 64

/** One bar for each day, as high as it sent orders. The same figures stand in a table for whoever does not look. */
export function DayBars({ days }: { days: readonly StageDay[] }): ReactNode {
  const shown = days.slice(-DAYS_SHOWN)
  const most = Math.max(1, ...shown.map(({ orders }) => orders))
  const [first, last] = [shown[0]?.day, shown.at(-1)?.day]
  return (
    <figure className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${shown.length * 10} ${HIGH + 8}`}
        className="h-20 w-full"
        preserveAspectRatio="none"
      >
        {shown.map(({ day, orders, session, crashes, breaks }, i) => {
          const high = Math.max(2, (orders / most) * HIGH)
          const look = breaks > 0 || crashes > 0 ? 'fill-bad' : session ? 'fill-accent' : 'fill-line'
          return <rect key={day} x={i * 10 + 1} y={HIGH - high + 4} width={8} height={high} className={look} />
        })}
      </svg>
      <figcaption className="flex justify-between text-xs text-soft">
        <span>{first}</span>
        <span>{first === last ? '' : last}</span>
      </figcaption>
      <details className="text-sm">
        <summary className="text-soft">
          {shown.filter(({ session }) => session).length} trading days, in figures
        </summary>
        <div className="overflow-x-auto">
          <table className="mt-2 w-full text-left tabular-nums">
            <thead className="text-xs text-soft">
              <tr>
                {['Day', 'Counts', 'Orders', 'Comparisons', 'Breaks', 'Crashes'].map((name) => (
                  <th key={name} scope="col" className="pr-4 font-normal">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {[...shown].reverse().map(({ day, session, orders, compared, breaks, crashes }) => (
                <tr key={day}>
                  <th scope="row" className="pr-4 font-normal">
                    {day}
                  </th>
                  <td>{session ? 'yes' : 'no'}</td>
                  <td>{orders}</td>
                  <td>{compared}</td>
                  <td>{breaks}</td>
                  <td>{crashes}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}

/** How many fell up to each bound, each with its number beside it. */
export function SpreadBars({
  bounds,
  counts,
  unit,
  what,
}: {
  bounds: readonly number[]
  counts: readonly number[]
  unit: string
  what: string
}): ReactNode {
  const most = Math.max(1, ...counts)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return <p className="text-sm text-soft">No {what} yet.</p>
  return (
    <ul className="grid gap-1 text-sm tabular-nums">
      {counts.map((count, i) => (
        <li key={bounds[i] ?? 'more'} className="grid grid-cols-[6.5rem_minmax(0,1fr)_3rem] items-center gap-2">
          <span className="text-soft">
            {bounds[i] === undefined ? `over ${bounds.at(-1)} ${unit}` : `to ${bounds[i]} ${unit}`}
          </span>
          <svg aria-hidden="true" className="block h-2.5 w-full" preserveAspectRatio="none">
            <rect width={`${(count / most) * 100}%`} height="100%" className="fill-accent" />
          </svg>
          <span className="text-right">{count}</span>
        </li>
      ))}
    </ul>
  )
}
