import { type ReactNode, useState } from 'react'
import type { Intent } from '../../api/wire.ts'
import { useDecide, useSingly } from '../commands.ts'
import { useNowMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { msOf } from '../time.ts'
import { askInWords } from '../words.ts'

type AsideProps = { shown: Intent; onClose: () => void; onDone: (answered: Intent) => void }

const MINUTE_MS = 60_000
const CHOICES = [
  { name: '1 minute', ms: MINUTE_MS },
  { name: '3 minutes', ms: 3 * MINUTE_MS },
  { name: '10 minutes', ms: 10 * MINUTE_MS },
  { name: '30 minutes', ms: 30 * MINUTE_MS },
] as const

/** "15:30" as the next time the clock here says so, in ms; null for what is no time. */
export function nextTime(clock: string, nowMs: number): number | null {
  const [hours, minutes] = clock.split(':').map(Number)
  if (hours === undefined || minutes === undefined || Number.isNaN(hours + minutes)) return null
  const at = new Date(nowMs)
  at.setHours(hours, minutes, 0, 0)
  if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1)
  return at.getTime()
}

/** Puts an order off: it leaves the top of one's own queue, and nothing else changes. */
export function SnoozeForm({ shown, onClose, onDone }: AsideProps): ReactNode {
  const decide = useDecide(shown.intentID)
  const singly = useSingly(decide)
  const nowMs = useNowMs()
  const [clock, setClock] = useState('')
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const send = (untilMs: number): void => {
    const why = reason.trim() === '' ? {} : { reason: reason.trim() }
    singly({ verb: 'snooze', until: new Date(untilMs).toISOString(), ...why }, onDone)
  }
  const sendClock = (): void => {
    const at = nextTime(clock, nowMs)
    if (at === null) return setMissing('Say until when, such as 15:30.')
    send(at)
  }
  const leftMs = shown.decideBy === null ? Infinity : msOf(shown.decideBy) - nowMs
  const choices = CHOICES.filter(({ ms }) => ms < leftMs)
  return (
    <>
      <p className="font-semibold">{askInWords(shown)}</p>
      <p className="text-sm text-soft">
        It goes to the end of your queue until then; for others it stays where it is.
        {shown.decideBy === null ? null : (
          <>
            {' '}
            The time to decide does not stop: it lapses at <Moment at={shown.decideBy} /> unless somebody decides.
          </>
        )}
      </p>
      <Field label="Why (optional)" value={reason} onChange={setReason} maxLength={200} />
      <div className="flex flex-wrap items-end gap-2">
        {choices.map(({ name, ms }, i) => (
          <Action key={name} onPress={() => send(nowMs + ms)} busy={decide.isPending} autoFocus={i === 0}>
            {name}
          </Action>
        ))}
        <span className="flex items-end gap-2">
          <Field
            label="Until"
            type="time"
            value={clock}
            onChange={(text) => {
              setClock(text)
              setMissing(null)
            }}
            error={missing}
            onEnter={sendClock}
          />
          <Action onPress={sendClock} busy={decide.isPending}>
            Put off
          </Action>
        </span>
      </div>
      {decide.isError ? <Trouble error={decide.error} title="Not put off" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
      </SheetFoot>
    </>
  )
}

/** Sends an order back to the agent with a note. It goes on waiting meanwhile. */
export function ReanalyseForm({ shown, onClose, onDone }: AsideProps): ReactNode {
  const decide = useDecide(shown.intentID)
  const singly = useSingly(decide)
  const [note, setNote] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const send = (): void => {
    if (note.trim() === '') return setMissing('Say what the agent should look at again.')
    singly({ verb: 'reanalyse', note: note.trim() }, onDone)
  }
  return (
    <>
      <p className="font-semibold">{askInWords(shown)}</p>
      <p className="text-sm text-soft">
        The agent is told, and may withdraw this and propose another. Until it does, this order waits and can be
        decided.
      </p>
      <Field
        label="What should it look at?"
        value={note}
        onChange={(text) => {
          setNote(text)
          setMissing(null)
        }}
        error={missing}
        lines={3}
        onEnter={send}
        maxLength={500}
        required
        autoFocus
      />
      {decide.isError ? <Trouble error={decide.error} title="Not sent" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={send} busy={decide.isPending}>
          Ask for another look
        </Action>
      </SheetFoot>
    </>
  )
}
