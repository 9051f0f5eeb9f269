import { type ReactNode, useState } from 'react'
import type { Liquidation, LiquidationLine } from '../../api/wire.ts'
import { useLiquidate, useSingly } from '../commands.ts'
import { grouped, signOf, trimmed } from '../decimal.ts'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Nothing } from '../parts/figure.tsx'
import { HeldSymbol } from '../parts/held.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { Spread, Standing } from './plan.tsx'
import { heldInWords, heldQty, isOver, WHO } from './words.ts'

/** Line by line how far it is; what a person may still say about it. */
export function Running({ now }: { now: Liquidation }): ReactNode {
  const [asking, setAsking] = useState<'market' | 'stop' | null>(null)
  const close = (): void => setAsking(null)
  const { lines, by, reason, startedAt, symbols, market, collarBps } = now
  const over = lines.filter(isOver).length
  return (
    <Panel
      title={symbols === null ? 'Everything is being closed' : `${symbols.join(', ')}: being closed`}
      note={
        <>
          By <bdi className="text-ink">{by}</bdi>
          {startedAt === null ? null : (
            <>
              {' '}
              since <Moment at={startedAt} />
            </>
          )}
          : “<bdi>{reason}</bdi>”
        </>
      }
      aside={
        <Badge tone={market ? 'bad' : 'plain'}>{market ? 'orders without a limit' : limitsInWords(collarBps)}</Badge>
      }
    >
      <p role="status" className="font-semibold">
        {lines.length === 0
          ? 'What the broker holds is being read.'
          : `${over} of ${lines.length} ${lines.length === 1 ? 'symbol is' : 'symbols are'} done.`}
      </p>
      {lines.length === 0 ? null : (
        <Ledger caption="How far it is" columns={COLUMNS} rows={lines} keyOf={({ symbol }) => symbol} />
      )}
      <div className="flex flex-wrap gap-2 border-t border-line pt-3">
        {market ? null : (
          <Action look="plain-danger" onPress={() => setAsking('market')}>
            Allow market orders…
          </Action>
        )}
        <Action onPress={() => setAsking('stop')}>Stop closing…</Action>
      </div>
      <p className="text-sm text-soft">
        It goes on without this page. Each button takes {WHO}. While it runs, the halt cannot be released.
      </p>
      <Sheet title="Allow market orders?" open={asking === 'market'} onClose={close} urgent>
        <MarketForm lines={lines} onClose={close} />
      </Sheet>
      <Sheet title="Stop closing?" open={asking === 'stop'} onClose={close} urgent>
        <StopForm onClose={close} />
      </Sheet>
    </Panel>
  )
}

export const limitsInWords = (collarBps: number | null): string =>
  collarBps === null ? 'limits inside the collar' : `limits within ${collarBps} bps of the quote`

const COLUMNS: readonly Column<LiquidationLine>[] = [
  {
    key: 'symbol',
    header: 'Symbol',
    title: true,
    cell: (line) => <HeldSymbol symbol={line.symbol} netQty={line.startQty ?? heldQty(line)} />,
  },
  { key: 'step', header: 'Now', cell: (line) => <Standing line={line} /> },
  { key: 'closed', header: 'Closed', figure: true, cell: (line) => <Closed line={line} /> },
  {
    key: 'left',
    header: 'Left',
    figure: true,
    cell: (line) => (line.netQty === null ? <span className="text-soft">being read</span> : <Left qty={line.netQty} />),
  },
  {
    key: 'spread',
    header: 'Spread',
    figure: true,
    quiet: isOver,
    cell: (line) => (isOver(line) ? <Nothing /> : <Spread line={line} />),
  },
]

export const Left = ({ qty }: { qty: string }): ReactNode =>
  signOf(qty) === 0 ? <span className="text-good">nothing</span> : <strong>{grouped(qty)}</strong>

function Closed({ line: { startQty, closedQty, avgPx } }: { line: LiquidationLine }): ReactNode {
  if (startQty === null) return <Nothing />
  const held = startQty.replace('-', '')
  return (
    <>
      {grouped(closedQty)} of {grouped(held)}
      {avgPx === null ? null : <span className="block text-xs text-soft">at {grouped(trimmed(avgPx))} on average</span>}
    </>
  )
}

type FormProps = { onClose: () => void }

/** The second confirmation: what an order without a limit may cost, by what is known of the quotes now. */
function MarketForm({ lines, onClose }: FormProps & { lines: readonly LiquidationLine[] }): ReactNode {
  const liquidate = useLiquidate()
  const send = useSingly(liquidate)
  const left = lines.filter((line) => !isOver(line))
  return (
    <>
      <p className="text-sm">
        From then on its orders have <strong>no limit</strong>: the broker fills them at whatever price there is. They
        go <strong>without a fresh quote too</strong>, and where bid and ask are far apart the whole spread is paid, or
        more. It holds for everything that is left, and cannot be taken back but by stopping. A market that is closed
        stays closed.
      </p>
      {left.length === 0 ? null : (
        <ul aria-label="What is left" className="grid gap-2 rounded-md bg-warn-wash px-3 py-2 text-sm">
          {left.map((line) => (
            <li key={line.symbol} className="flex items-baseline justify-between gap-4">
              <span className="font-semibold">{heldInWords(line)}</span>
              <span className="text-right">
                {line.bid === null ? <strong className="text-warn">no quote at all</strong> : <Spread line={line} />}
              </span>
            </li>
          ))}
        </ul>
      )}
      {liquidate.isError ? <Trouble error={liquidate.error} title="Not allowed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Keep the limits</Action>
        <Action look="danger" onPress={() => send({ verb: 'market' }, onClose)} busy={liquidate.isPending}>
          Close at any price
        </Action>
      </SheetFoot>
    </>
  )
}

function StopForm({ onClose }: FormProps): ReactNode {
  const liquidate = useLiquidate()
  const send = useSingly(liquidate)
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const stop = (): void => {
    if (reason.trim() === '') return setMissing('Say why it is stopped.')
    send({ verb: 'stop', reason: reason.trim() }, onClose)
  }
  return (
    <>
      <p className="text-sm">
        Its open orders are taken back, and stops come back for what is still held. What was closed stays closed, and
        trading stays halted.
      </p>
      <Field
        label="Why is it stopped?"
        value={reason}
        onChange={setReason}
        error={missing}
        onEnter={stop}
        maxLength={200}
        required
        autoFocus
      />
      {liquidate.isError ? <Trouble error={liquidate.error} title="Not stopped: it goes on" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Go on closing</Action>
        <Action look="danger" onPress={stop} busy={liquidate.isPending}>
          Stop closing
        </Action>
      </SheetFoot>
    </>
  )
}
