import { useQuery } from '@tanstack/react-query'
import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import { bpsBetween, exceeds, grouped, signed } from '../decimal.ts'
import { useNowMs, useSpeed } from '../live.tsx'
import { Moment } from '../parts/moment.tsx'
import { quoteQuery } from '../queries.ts'
import { msOf, span } from '../time.ts'

const QUOTE_EVERY_MS = 1_000

/** After this a price is history. The gate has its own, stricter limit. */
const FRESH_MS = 10_000

type PriceNowProps = { symbol: string; refPx: string; maxDriftBps: number }

/** The market against the price at which this was sized; asked for only while it can be seen. */
export function PriceNow({ symbol, refPx, maxDriftBps }: PriceNowProps): ReactNode {
  const [box, visible] = useVisible()
  const nowMs = useNowMs()
  const { data: quote, isError } = useQuery({
    ...quoteQuery(symbol),
    enabled: visible,
    refetchInterval: QUOTE_EVERY_MS,
    retry: false,
  })
  const drift = quote === undefined ? undefined : bpsBetween(refPx, quote.mid)
  const ageMs = quote === undefined ? 0 : nowMs - msOf(quote.at)
  const stale = isError || ageMs > FRESH_MS * useSpeed()
  const far = drift !== undefined && exceeds(drift, String(maxDriftBps))
  return (
    <div ref={box} className={`rounded-md px-3 py-2 text-sm ${far || stale ? 'bg-warn-wash' : 'bg-sunken'}`}>
      {quote === undefined ? (
        <p className="text-soft">
          {isError ? `No price for ${symbol} now.` : 'Asking for the price…'} Sized at {grouped(refPx)}.
        </p>
      ) : (
        <p className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
          <span className={stale ? 'text-warn' : ''}>
            <span className="text-soft">{stale ? 'Last price' : 'Price now'} </span>
            <strong className="text-base">{grouped(quote.mid)}</strong>
            <span className="text-xs text-soft">
              {' '}
              {grouped(quote.bid)} / {grouped(quote.ask)}
            </span>
          </span>
          <span>
            <span className="text-soft">sized at </span>
            {grouped(refPx)}
          </span>
          <span className={far ? 'font-bold text-warn' : ''}>
            <span className={far ? '' : 'text-soft'}>drift </span>
            {drift === undefined ? 'unknown' : `${signed(drift)} bps`}{' '}
            <span className="text-soft">of ±{maxDriftBps}</span>
          </span>
          {quote.sessionOpen ? null : <span className="font-semibold text-warn">Market closed</span>}
          {stale ? (
            <span className="font-semibold text-warn">
              {span(ageMs)} old, from <Moment at={quote.at} />
            </span>
          ) : null}
        </p>
      )}
      {far ? (
        <p className="mt-1 text-warn">
          The market has moved further than this order allows: re-price it, or let it lapse.
        </p>
      ) : null}
    </div>
  )
}

/** Is the element on the screen, or nearly? */
function useVisible(): readonly [RefObject<HTMLDivElement | null>, boolean] {
  const ref = useRef<HTMLDivElement>(null)
  const [visible, setVisible] = useState(false)
  useEffect(() => {
    if (ref.current === null) return
    const watcher = new IntersectionObserver(
      (entries) => setVisible(entries.some(({ isIntersecting }) => isIntersecting)),
      {
        rootMargin: '200px',
      },
    )
    watcher.observe(ref.current)
    return () => watcher.disconnect()
  }, [])
  return [ref, visible]
}
