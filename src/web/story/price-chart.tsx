import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import type { Story } from '../../api/wire.ts'
import { grouped, placeBetween, rangeOf } from '../decimal.ts'
import { useNowMs } from '../live.tsx'
import { localTime, msOf } from '../time.ts'

const HEIGHT = 230
const PLOT = { left: 8, right: 112, top: 18, bottom: 28 }

/** Labels closer than this would print over each other. */
const LABEL_GAP = 15

type Level = { name: string; px: string; look: string; dash: string }
type Dot = { px: string; at: string; qty: string; entry: boolean }

/** Where it was meant to go and where it was filled: price upwards, time to the right. */
export function PriceChart({ story }: { story: Story }): ReactNode {
  const nowMs = useNowMs()
  const [box, width] = useWidth()
  const levels = levelsOf(story)
  const dots = dotsOf(story)
  const range = rangeOf([...levels.map(({ px }) => px), ...dots.map(({ px }) => px)])
  if (range === undefined) return <p className="text-sm text-soft">No prices.</p>
  const [low, high] = range
  const end = dots.reduce((latest, { at }) => Math.max(latest, msOf(at)), msOf(story.intent.updatedAt))
  const start = msOf(story.intent.receivedAt)
  const wide = width - PLOT.left - PLOT.right
  const tall = HEIGHT - PLOT.top - PLOT.bottom
  const x = (at: string): number => PLOT.left + 10 + ((msOf(at) - start) / Math.max(1, end - start)) * (wide - 20)
  const y = (px: string): number => PLOT.top + (1 - placeBetween(px, low, high)) * tall
  const labels = spread(levels.map((level) => ({ ...level, y: y(level.px), labelY: y(level.px) })))
  return (
    <figure ref={box}>
      <svg
        viewBox={`0 0 ${width} ${HEIGHT}`}
        className="block h-auto w-full"
        role="img"
        aria-label={inWords(levels, dots)}
      >
        {labels.map(({ name, px, look, dash, y: lineY, labelY }) => (
          <g key={name} className={look}>
            <line
              x1={PLOT.left}
              x2={width - PLOT.right}
              y1={lineY}
              y2={lineY}
              stroke="currentColor"
              strokeWidth="1.5"
              strokeDasharray={dash}
            />
            <line
              x1={width - PLOT.right}
              x2={width - PLOT.right + 8}
              y1={lineY}
              y2={labelY}
              stroke="currentColor"
              strokeWidth="1"
            />
            <text x={width - PLOT.right + 11} y={labelY + 4} fill="currentColor" fontSize="12">
              {name} {grouped(px)}
            </text>
          </g>
        ))}
        {dots.map(({ px, at, qty, entry }) => (
          <g key={`${at}${px}${qty}`} className={entry ? 'text-buy' : 'text-sell'}>
            {entry ? (
              <circle cx={x(at)} cy={y(px)} r="5.5" fill="currentColor" className="stroke-surface" strokeWidth="1.5" />
            ) : (
              <rect
                x={x(at) - 5}
                y={y(px) - 5}
                width="10"
                height="10"
                fill="currentColor"
                className="stroke-surface"
                strokeWidth="1.5"
              />
            )}
            <title>
              {grouped(qty)} at {grouped(px)}, {localTime(at, nowMs)}
            </title>
          </g>
        ))}
        <g className="text-soft" fontSize="12">
          <text x={PLOT.left} y={HEIGHT - 8} fill="currentColor">
            {localTime(story.intent.receivedAt, nowMs)}
          </text>
          <text x={width - PLOT.right} y={HEIGHT - 8} fill="currentColor" textAnchor="end">
            {localTime(new Date(end).toISOString(), nowMs)}
          </text>
        </g>
      </svg>
      <figcaption className="text-xs text-soft">
        {dots.length === 0 ? 'Nothing was filled.' : '● entry fills, ■ exit fills (stop, target)'}
      </figcaption>
    </figure>
  )
}

/** The drawing has the width of its place, so that its letters keep their size on a phone. */
function useWidth(): readonly [RefObject<HTMLElement | null>, number] {
  const ref = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(560)
  useEffect(() => {
    if (ref.current === null) return
    const watcher = new ResizeObserver(([entry]) =>
      setWidth(Math.max(280, Math.round(entry?.contentRect.width ?? 560))),
    )
    watcher.observe(ref.current)
    return () => watcher.disconnect()
  }, [])
  return [ref, width]
}

function levelsOf({ intent }: Story): Level[] {
  const { ticket, entryPx, stopPx, targetPx } = intent
  return [
    ...(targetPx === null ? [] : [{ name: 'Target', px: targetPx, look: 'text-good', dash: '6 3' }]),
    { name: 'Entry', px: ticket?.terms.price ?? entryPx, look: 'text-ink', dash: '' },
    { name: 'Stop', px: stopPx, look: 'text-bad', dash: '2 3' },
  ]
}

const dotsOf = ({ fills }: Story): Dot[] =>
  fills
    .filter(({ live }) => live)
    .map(({ lastPx, transactTime, lastQty, role }) => ({
      px: lastPx,
      at: transactTime,
      qty: lastQty,
      entry: role === 'Entry',
    }))

/** Pushes labels apart, top to bottom. */
function spread<T extends { y: number; labelY: number }>(labels: readonly T[]): T[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y)
  let free = -Infinity
  return sorted.map((label) => {
    const labelY = Math.max(label.y, free)
    free = labelY + LABEL_GAP
    return { ...label, labelY }
  })
}

function inWords(levels: readonly Level[], dots: readonly Dot[]): string {
  const lines = levels.map(({ name, px }) => `${name} ${grouped(px)}`).join(', ')
  const filled = dots
    .map(({ qty, px, entry }) => `${entry ? 'entry' : 'exit'} ${grouped(qty)} at ${grouped(px)}`)
    .join(', ')
  return `Prices: ${lines}. ${dots.length === 0 ? 'No fills.' : `Fills: ${filled}.`}`
}
