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
import { PartForm } from './halt-part.tsx'
import { REASON } from './levels.ts'

/** Stops trading, all of it: one press, one confirmation, nothing to choose. Beside it the way to stop less. */
export function HaltButton(): ReactNode {
  const { data: halt } = useQuery({ ...haltQuery, refetchInterval: usePollMs() })
  const [open, setOpen] = useState<'everything' | 'part' | null>(null)
  const close = (): void => setOpen(null)
  const isAll = halt?.level === 'K4'
  useKey('H', () => setOpen('everything'), !isAll)
  useKey('P', () => setOpen('part'))
  return (
    <>
      {halt?.engaged === true ? (
        <span
          className={`rounded-md px-2 py-1.5 text-sm font-extrabold tracking-wide whitespace-nowrap sm:px-3 ${isAll ? 'bg-alarm text-alarm-ink' : 'bg-bad-wash text-bad'}`}
        >
          HALTED
        </span>
      ) : null}
      <span className="flex gap-1 sm:gap-2">
        {isAll ? null : (
          <Action look="danger" onPress={() => setOpen('everything')} label="Halt trading">
            Halt
          </Action>
        )}
        <Action look="plain-danger" onPress={() => setOpen('part')} label="Halt a part">
          Part…
        </Action>
      </span>
      <Sheet title="Halt trading now?" open={open === 'everything'} onClose={close} urgent>
        <HaltForm onClose={close} />
      </Sheet>
      <Sheet title="Halt a part" open={open === 'part'} onClose={close} urgent>
        <PartForm onClose={close} />
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
