import { type ReactNode, useState } from 'react'
import type { Approvals, Arming } from '../../api/wire.ts'
import { useArm, useDisarm, useSingly } from '../commands.ts'
import { grouped } from '../decimal.ts'
import { useNowMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Choice } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'

/** What goes without a person, for how long and within what; and the way to stop it. */
export function Armed({ approvals }: { approvals: Approvals }): ReactNode {
  const { armed, policy } = approvals
  const disarm = useDisarm()
  const [arming, setArming] = useState(false)
  const on = armed.filter(({ disarmedAt }) => disarmedAt === null)
  const off = armed.filter(({ disarmedAt }) => disarmedAt !== null)
  return (
    <Panel
      title="Armed strategies"
      note="Their orders go without a person, on paper, within these bounds. A restart or a halt disarms them."
    >
      {on.length === 0 ? <Blank title="Nothing goes by itself." /> : null}
      <ul className="grid gap-3 text-sm empty:hidden">
        {on.map((one) => (
          <li key={one.armingID} className="flex items-start justify-between gap-3">
            <Bounds arming={one} />
            <Action
              small
              look="plain-danger"
              onPress={() => disarm.mutate(one.armingID)}
              busy={disarm.isPending && disarm.variables === one.armingID}
              label={`Disarm ${one.strategyID}`}
            >
              Disarm
            </Action>
          </li>
        ))}
      </ul>
      {disarm.isError ? <Trouble error={disarm.error} title="Not disarmed: it may still go by itself" /> : null}
      {off.length === 0 ? null : (
        <details className="text-sm">
          <summary className="text-soft">{off.length} ended</summary>
          <ul className="mt-2 grid gap-2">
            {off.map((one) => (
              <li key={one.armingID}>
                <bdi className="font-semibold">{one.strategyID}</bdi>, {one.count} of {one.maxCount} orders.{' '}
                <span className="text-soft">
                  {one.why === null ? '' : <bdi>{one.why}</bdi>}{' '}
                  {one.disarmedAt === null ? null : <Moment at={one.disarmedAt} />}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {policy.autoMaxNotional === null ? (
        <p className="text-sm text-soft">The policy lets nothing go without a person; so there is nothing to arm.</p>
      ) : (
        <div>
          <Action onPress={() => setArming(true)}>Arm a strategy…</Action>
        </div>
      )}
      <Sheet title="Arm a strategy" open={arming} onClose={() => setArming(false)}>
        <ArmForm most={policy.autoMaxNotional ?? '0'} onClose={() => setArming(false)} />
      </Sheet>
    </Panel>
  )
}

function Bounds({ arming }: { arming: Arming }): ReactNode {
  const { strategyID, symbols, maxNotional, maxCount, count, until, byName } = arming
  return (
    <div className="grid min-w-0 gap-0.5">
      <p className="flex flex-wrap items-center gap-2">
        <bdi className="font-semibold break-all">{strategyID}</bdi>
        <Badge tone="warn">
          {count} of {maxCount} orders
        </Badge>
      </p>
      <p>
        <bdi>{symbols.join(', ')}</bdi>, up to {grouped(maxNotional)} each
      </p>
      <p className="text-soft">
        Until <Moment at={until} />, armed by <bdi>{byName}</bdi>
      </p>
    </div>
  )
}

const HOUR_MS = 3_600_000
const SPANS = [
  { value: '1', name: 'One hour' },
  { value: '4', name: 'Four hours' },
  { value: '8', name: 'Eight hours' },
  { value: '24', name: 'A day' },
] as const

function ArmForm({ most, onClose }: { most: string; onClose: () => void }): ReactNode {
  const arm = useArm()
  const send = useSingly(arm)
  const nowMs = useNowMs()
  const [strategyID, setStrategyID] = useState('')
  const [symbols, setSymbols] = useState('')
  const [maxNotional, setMaxNotional] = useState(most)
  const [maxCount, setMaxCount] = useState('5')
  const [hours, setHours] = useState<(typeof SPANS)[number]['value']>('1')
  const [tried, setTried] = useState(false)
  const named = symbols
    .split(',')
    .map((symbol) => symbol.trim().toUpperCase())
    .filter((symbol) => symbol !== '')
  const gaps = {
    strategyID: strategyID.trim() === '' ? 'Name the strategy, as its signals do.' : null,
    symbols: named.length === 0 ? 'Name at least one symbol.' : null,
    maxNotional: /^\d+(\.\d+)?$/.test(maxNotional.trim()) ? null : 'An amount such as 500.',
    maxCount: /^[1-9]\d{0,3}$/.test(maxCount.trim()) ? null : 'A whole number from 1.',
  }
  const shown = (gap: string | null): string | null => (tried ? gap : null)
  const submit = (): void => {
    setTried(true)
    if (Object.values(gaps).some((gap) => gap !== null)) return
    send(
      {
        strategyID: strategyID.trim(),
        symbols: named,
        maxNotional: maxNotional.trim(),
        maxCount: Number(maxCount),
        until: new Date(nowMs + Number(hours) * HOUR_MS).toISOString(),
      },
      onClose,
    )
  }
  return (
    <>
      <p className="text-sm">
        Nobody is asked before its orders go. Every other check stays; where a rule asks for more than one click, it
        waits for people all the same.
      </p>
      <Field
        label="Strategy"
        value={strategyID}
        onChange={setStrategyID}
        error={shown(gaps.strategyID)}
        maxLength={64}
        required
        autoFocus
      />
      <Field
        label="Symbols"
        value={symbols}
        onChange={setSymbols}
        error={shown(gaps.symbols)}
        hint="Apart by commas."
        maxLength={300}
        required
      />
      <div className="grid gap-4 sm:grid-cols-3">
        <Field
          label="Each at most"
          value={maxNotional}
          onChange={setMaxNotional}
          error={shown(gaps.maxNotional)}
          hint={`The policy allows ${grouped(most)}.`}
          maxLength={20}
        />
        <Field
          label="How many orders"
          value={maxCount}
          onChange={setMaxCount}
          error={shown(gaps.maxCount)}
          maxLength={4}
        />
        <Choice label="For how long" value={hours} options={SPANS} onChange={setHours} />
      </div>
      {arm.isError ? <Trouble error={arm.error} title="Not armed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="danger" onPress={submit} busy={arm.isPending}>
          Arm
        </Action>
      </SheetFoot>
    </>
  )
}
