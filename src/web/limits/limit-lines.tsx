import type { ReactNode } from 'react'
import type { LimitName, LimitRow, LimitsNow } from '../../api/wire.ts'
import { cents, grouped, placeBetween } from '../decimal.ts'
import { Badge } from '../parts/badge.tsx'
import { Panel } from '../parts/panel.tsx'
import { Bar } from './bar.tsx'
import { capital, figureInWords, LIMIT, LIST, listInWords } from './words.ts'

/** Which stand together on the page. */
const GROUPS: readonly (readonly [title: string, names: readonly LimitName[]])[] = [
  ['The account', ['maxGrossExposure', 'maxNetExposure', 'maxDayTurnover', 'buyingPowerBuffer', 'maxOpenPositions']],
  ['Losses', ['dayLoss', 'drawdown']],
  ['One symbol', ['maxPositionNotional', 'maxSymbolShare', 'maxSectorShare', 'maxMoveBps']],
  [
    'One order',
    [
      'maxOrderNotional',
      'maxOrderQty',
      'maxOrderQtyShares',
      'maxOrderQtyFx',
      'maxOrderQtyCoins',
      'maxVolumeShare',
      'collarBps',
    ],
  ],
  ['Pace', ['maxOrdersPerMinute', 'maxOrdersPerDay', 'maxRepeats', 'maxRejects', 'maxLosers']],
]

/** Every limit with what is used of it. */
export function LimitLines({ limits }: { limits: LimitsNow }): ReactNode {
  const rows = new Map(limits.rows.map((row) => [row.name, row]))
  return (
    <div className="-mb-5 gap-5 *:mb-5 *:break-inside-avoid lg:columns-2">
      {GROUPS.map(([title, names]) => (
        <Panel key={title} title={title}>
          <ul className="grid gap-4">
            {names.map((name) => {
              const row = rows.get(name)
              return row === undefined ? null : <Line key={name} row={row} currency={limits.currency} />
            })}
          </ul>
        </Panel>
      ))}
      <Panel title="What may be traded">
        <ul className="grid gap-4">
          {limits.lists.map(({ name, value, meaning, byConfiguration }) => (
            <li key={name} className="grid gap-1">
              <p className="flex flex-wrap items-baseline justify-between gap-x-4">
                <strong className="font-semibold">{capital(LIST[name])}</strong>
                <bdi className="font-semibold">{listInWords(value)}</bdi>
              </p>
              <p className="text-xs text-soft">
                {meaning} {byConfiguration ? <Held /> : null}
              </p>
            </li>
          ))}
        </ul>
      </Panel>
    </div>
  )
}

const Held = (): ReactNode => <span className="text-warn">The configuration holds it to less than people set.</span>

function Line({ row, currency }: { row: LimitRow; currency: string | null }): ReactNode {
  const { name, unit, hard, soft, setByPeople, meaning, used } = row
  const percent = used.percent === null ? null : Number(used.percent)
  const softAt = used.limit !== null && used.soft !== null ? placeBetween(used.soft, '0', used.limit) * 100 : null
  return (
    <li className="grid gap-1">
      <p className="flex flex-wrap items-baseline justify-between gap-x-4">
        <strong className="font-semibold">{capital(LIMIT[name].title)}</strong>
        <span className="font-semibold whitespace-nowrap">
          {soft === null ? null : (
            <span className="text-sm font-normal text-soft">soft {figureInWords(soft, unit)} · </span>
          )}
          {figureInWords(hard, unit)}
          {unit === 'account currency' && hard !== null && currency !== null ? (
            <span className="text-[0.8em] font-normal text-soft"> {currency}</span>
          ) : null}
        </span>
      </p>
      {percent === null ? null : <Bar percent={percent} soft={softAt} />}
      <p className="flex flex-wrap items-baseline justify-between gap-x-4 text-xs">
        <span className="text-soft">
          {used.now === null ? null : (
            <>
              <span className="text-ink">{amount(used.now, row, currency)}</span>
              {used.limit === null ? null : <> of {amount(used.limit, row, currency)}</>}
              {used.of === null ? null : (
                <>
                  , most by <bdi className="text-ink">{used.of}</bdi>
                </>
              )}
            </>
          )}
        </span>
        {percent === null ? null : (
          <span className={percent >= 100 ? 'font-bold text-bad' : 'text-ink'}>{used.percent} % used</span>
        )}
      </p>
      {softAt !== null && percent !== null && percent > softAt && percent < 100 ? (
        <p>
          <Badge tone="warn">beyond the soft limit: orders ask for one level more</Badge>
        </p>
      ) : null}
      <p className="text-xs text-soft">
        {meaning}{' '}
        {setByPeople === null ? null : (
          <>
            <Held /> People set {figureInWords(setByPeople.hard, unit)}.
          </>
        )}
      </p>
    </li>
  )
}

const amount = (value: string, { used }: LimitRow, currency: string | null): string =>
  `${grouped(cents(value))}${used.unit === 'account currency' && currency !== null ? ` ${currency}` : used.unit === 'basis points' ? ' bps' : ''}`
