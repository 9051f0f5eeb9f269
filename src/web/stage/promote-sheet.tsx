import { type ReactNode, useState } from 'react'
import type { Stage, StageNow } from '../../api/wire.ts'
import { usePropose, useSingly } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'

type Props = { now: StageNow; open: boolean; onClose: () => void; onDone: (text: string) => void }

/** Proposes the next stage: which symbols, and why. */
export function PromoteSheet({ now, open, onClose, onDone }: Props): ReactNode {
  const { next } = now
  return (
    <Sheet
      title={next === null ? 'The last stage' : `Propose ${next.stage}, ${next.title}`}
      open={open}
      onClose={onClose}
    >
      {open && next !== null ? <Form stage={next.stage} onClose={onClose} onDone={onDone} /> : null}
    </Sheet>
  )
}

function Form({ stage, onClose, onDone }: { stage: Stage } & Pick<Props, 'onClose' | 'onDone'>): ReactNode {
  const [symbols, setSymbols] = useState('')
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const propose = usePropose()
  const send = useSingly(propose)
  const names = symbols
    .split(/[\s,]+/)
    .filter((name) => name !== '')
    .map((name) => name.toUpperCase())
  const submit = (): void => {
    if (reason.trim() === '') return setMissing('Say why; it is kept with the change for ever.')
    const what = { kind: 'stage', after: stage, ...(names.length > 0 && { symbols: names }) } as const
    send({ what, reason: reason.trim() }, ({ state }) =>
      onDone(
        state === 'Waiting'
          ? 'Proposed. Another person with a passkey must agree, after the market has closed.'
          : 'Agreed. The account is at the new stage.',
      ),
    )
  }
  return (
    <>
      <p className="text-sm text-soft">
        Its limits begin with it: those of the stage, or tighter ones. It takes another person with a passkey, and is
        never made during market hours.
      </p>
      <Field
        label="Symbols"
        value={symbols}
        onChange={setSymbols}
        hint={
          stage === 'S2'
            ? 'five at most, such as AAPL MSFT'
            : stage === 'S3'
              ? '25 at most; empty: those of now'
              : 'empty: those of now'
        }
        mono
      />
      <Field
        label="Reason"
        value={reason}
        onChange={(text) => {
          setReason(text)
          setMissing(null)
        }}
        error={missing}
        onEnter={submit}
        maxLength={200}
        required
      />
      {propose.isError ? <Trouble error={propose.error} title="Not proposed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={submit} busy={propose.isPending}>
          Propose it
        </Action>
      </SheetFoot>
    </>
  )
}
