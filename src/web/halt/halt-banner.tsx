import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Halt } from '../../api/wire.ts'
import { useHalt } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { StatusBadge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltQuery } from '../queries.ts'

/** On every page while trading is halted: who, why, since when, and the proof that nothing is left working. */
export function HaltBanner(): ReactNode {
  const { data: halt } = useQuery(haltQuery)
  const [releasing, setReleasing] = useState(false)
  return (
    <>
      {halt?.engaged === true ? (
        <section aria-label="Trading is halted" className="border-b-4 border-bad bg-bad-wash">
          <div className="mx-auto flex max-w-[90rem] flex-wrap items-start justify-between gap-3 px-3 py-3 sm:px-5">
            <div className="grid min-w-0 gap-1">
              <p role="alert" className="text-lg font-extrabold text-bad">
                Trading is halted. Nothing new is sent.
              </p>
              <p className="text-sm">
                By <bdi className="font-semibold">{halt.by ?? 'unknown'}</bdi>
                {halt.since === null ? null : (
                  <>
                    {' '}
                    at <Moment at={halt.since} />
                  </>
                )}
                : “<bdi>{halt.reason ?? 'no reason given'}</bdi>”
              </p>
              <Proof halt={halt} />
            </div>
            <Action look="plain-danger" onPress={() => setReleasing(true)}>
              Release…
            </Action>
          </div>
        </section>
      ) : null}
      <Sheet
        title="Release the halt?"
        open={releasing && halt?.engaged === true}
        onClose={() => setReleasing(false)}
        urgent
      >
        <ReleaseForm openOrders={halt?.openOrders ?? 0} onClose={() => setReleasing(false)} />
      </Sheet>
    </>
  )
}

function Proof({ halt }: { halt: Halt }): ReactNode {
  if (halt.openOrders === 0 && halt.proof.length === 0)
    return <p className="text-sm">✓ No open orders at the broker.</p>
  return (
    <details className="text-sm" open={halt.openOrders > 0}>
      <summary>
        {halt.openOrders === 0
          ? `✓ No open orders at the broker; ${halt.proof.length} were dealt with`
          : `${halt.openOrders} ${halt.openOrders === 1 ? 'order is' : 'orders are'} still open at the broker`}
      </summary>
      <ul className="mt-1 grid gap-1">
        {halt.proof.map(({ clOrdID, symbol, ordStatus }) => (
          <li key={clOrdID} className="flex flex-wrap items-center gap-2">
            <span className="font-semibold">{symbol}</span>
            <code className="font-mono text-xs text-soft">{clOrdID}</code>
            <StatusBadge status={ordStatus} />
          </li>
        ))}
      </ul>
    </details>
  )
}

function ReleaseForm({ openOrders, onClose }: { openOrders: number; onClose: () => void }): ReactNode {
  const halt = useHalt()
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const release = (): void => {
    if (reason.trim() === '') return setMissing('Say why it is safe to trade again.')
    halt.mutate({ engage: false, reason: reason.trim() }, { onSuccess: onClose })
  }
  return (
    <>
      <p className="text-sm">
        Orders that people approve will be sent again. Orders canceled by the halt stay canceled.
        {openOrders === 0 ? '' : ` ${openOrders} orders are still open at the broker.`}
      </p>
      <Field
        label="Why is it safe to trade again?"
        value={reason}
        onChange={setReason}
        error={missing}
        onEnter={release}
        maxLength={200}
        required
        autoFocus
      />
      {halt.isError ? <Trouble error={halt.error} title="Not released" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Stay halted</Action>
        <Action look="danger" onPress={release} busy={halt.isPending}>
          Release
        </Action>
      </SheetFoot>
    </>
  )
}
