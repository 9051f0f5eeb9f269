import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useHalt } from '../commands.ts'
import { useKey } from '../keys.ts'
import { usePollMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltQuery } from '../queries.ts'

/** Seconds matter when somebody reaches for this: the reason is there already and may be replaced. */
const REASON = 'Stopped by hand from the dashboard'

/** Stops trading: one press, one confirmation. */
export function HaltButton(): ReactNode {
  const { data: halt } = useQuery({ ...haltQuery, refetchInterval: usePollMs() })
  const [open, setOpen] = useState(false)
  useKey('H', () => setOpen(true), halt?.engaged !== true)
  if (halt?.engaged === true)
    return (
      <span className="rounded-md bg-alarm px-3 py-1.5 text-sm font-extrabold tracking-wide whitespace-nowrap text-alarm-ink">
        HALTED
      </span>
    )
  return (
    <>
      <Action look="danger" onPress={() => setOpen(true)} label="Halt trading">
        Halt
      </Action>
      <Sheet title="Halt trading now?" open={open} onClose={() => setOpen(false)} urgent>
        <HaltForm onClose={() => setOpen(false)} />
      </Sheet>
    </>
  )
}

function HaltForm({ onClose }: { onClose: () => void }): ReactNode {
  const halt = useHalt()
  const [reason, setReason] = useState(REASON)
  const engage = (): void =>
    halt.mutate({ engage: true, reason: reason.trim() === '' ? REASON : reason.trim() }, { onSuccess: onClose })
  return (
    <>
      <p className="text-sm">
        No new order leaves from this moment. Open entry orders are canceled at the broker; the stops and targets of
        what you hold stay. It lasts until a person releases it.
      </p>
      <Field label="Reason" value={reason} onChange={setReason} onEnter={engage} maxLength={200} />
      {halt.isError ? <Trouble error={halt.error} title="Not confirmed: trading may still be on" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Go on trading</Action>
        <Action look="danger" onPress={engage} busy={halt.isPending} autoFocus>
          Halt trading
        </Action>
      </SheetFoot>
    </>
  )
}
