import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Intent } from '../../api/wire.ts'
import { useApprove, useDecide, useSingly } from '../commands.ts'
import { cents, grouped } from '../decimal.ts'
import { hostFault } from '../passkeys/passkey.ts'
import { instrumentQuery } from '../queries.ts'
import { Action } from '../parts/action.tsx'
import { Field } from '../parts/field.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { ASSET, askInWords, limitOfStop, orderInWords } from '../words.ts'
import { ReanalyseForm, SnoozeForm } from './aside.tsx'
import { Deadline } from './deadline.tsx'
import { PriceNow } from './price-now.tsx'
import { Requirement } from './requirement.tsx'

/** What may be begun on a waiting order. The last two decide nothing. */
export type Verb = 'approve' | 'decline' | 'snooze' | 'reanalyse'

/** A decision that was begun on an order as it was shown then. */
export type Asked = { readonly verb: Verb; readonly intent: Intent }

/** Begun, and answered: with the order as it is after it. */
export type Done = Asked & { readonly answered: Intent }

type DecideProps = {
  asked: Asked | null
  /** The same order as it is now; undefined when it no longer waits. */
  current: Intent | undefined
  onClose: () => void
  onDone: (done: Done) => void
}

const TITLE: Readonly<Record<Verb, string>> = {
  approve: 'Approve this order?',
  decline: 'Decline this order?',
  snooze: 'Put this order off?',
  reanalyse: 'Ask for another look?',
}

/** The dialog of whatever was begun. */
export function DecideSheets({ asked, current, onClose, onDone }: DecideProps): ReactNode {
  return (
    <Sheet title={asked === null ? '' : TITLE[asked.verb]} open={asked !== null} onClose={onClose}>
      {asked === null ? null : (
        <Form asked={asked} current={current} onClose={onClose} onDone={(answered) => onDone({ ...asked, answered })} />
      )}
    </Sheet>
  )
}

function Form({ asked, current, ...how }: FormsProps): ReactNode {
  const { verb, intent: shown } = asked
  switch (verb) {
    case 'approve':
      return <ApproveForm shown={shown} current={current} {...how} />
    case 'decline':
      return <DeclineForm shown={shown} {...how} />
    case 'snooze':
      return <SnoozeForm shown={shown} {...how} />
    case 'reanalyse':
      return <ReanalyseForm shown={shown} {...how} />
  }
}

type How = { onClose: () => void; onDone: (answered: Intent) => void }
type FormsProps = How & { asked: Asked; current: Intent | undefined }
type FormProps = How & { shown: Intent }

/** Repeats the order in words before anything is sent. `shown` is what the person saw when they asked. */
function ApproveForm({ shown, current, onClose, onDone }: FormProps & { current: Intent | undefined }): ReactNode {
  const decide = useApprove(shown)
  const send = useSingly(decide)
  const [note, setNote] = useState('')
  const { ticket, digest, sizing, requires } = shown
  const passkey = requires?.passkey === true
  const { data: instrument } = useQuery({ ...instrumentQuery(ticket?.terms.symbol ?? ''), enabled: ticket !== null })
  if (ticket === null || digest === null) return <p>This order has no ticket yet.</p>
  // Approval is of exactly what was read: another digest is another order.
  const changed = decide.isIdle && current?.digest !== digest
  const approve = (): void => {
    if (!changed) send(note.trim(), onDone)
  }
  const nowhere = passkey ? hostFault() : null
  const { terms } = ticket
  return (
    <>
      <p className="text-lg">
        <strong>{orderInWords(terms)}</strong>, on the{' '}
        <strong className={ticket.environment === 'live' ? 'text-bad' : ''}>{ticket.environment}</strong> account{' '}
        <bdi className="font-semibold">{shown.account}</bdi> at {ticket.broker}.
        {instrument === undefined ? null : (
          <span className="text-sm text-soft">
            {' '}
            <bdi>{terms.symbol}</bdi> is {ASSET[instrument.assetClass]}.
          </span>
        )}
      </p>
      <p className="text-sm">
        {terms.bracket === null
          ? 'It carries no stop.'
          : `Stop at ${grouped(terms.bracket.stopPx)}${limitOfStop(terms.bracket)}${terms.bracket.targetPx === null ? ', no target' : `, target at ${grouped(terms.bracket.targetPx)}`}.`}{' '}
        It costs at most {grouped(ticket.maxNotional)} {ticket.currency}
        {sizing === null
          ? ''
          : `; if it is stopped out you lose about ${grouped(cents(sizing.riskAtStop))} ${sizing.currency}`}
        . It is not sent if the market moves more than {ticket.maxDriftBps} bps from {grouped(ticket.refPx)}.
      </p>
      <div className="flex items-center justify-between gap-3 rounded-md bg-sunken px-3 py-2">
        <p>
          <span className="text-sm text-soft">Fingerprint </span>
          <code className="font-mono text-lg font-bold">{shown.fingerprint}</code>
        </p>
        {shown.decideBy === null ? null : <Deadline from={ticket.refAt} until={shown.decideBy} />}
      </div>
      <PriceNow symbol={terms.symbol} refPx={ticket.refPx} maxDriftBps={ticket.maxDriftBps} />
      {requires === null ? null : <Requirement requires={requires} votes={current?.votes ?? shown.votes} />}
      <Field label="Note (optional)" value={note} onChange={setNote} onEnter={approve} maxLength={200} />
      {changed ? (
        <p role="alert" className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          {current === undefined
            ? 'This order no longer waits for approval.'
            : 'This order changed while you were reading. Close this and look at it again.'}
        </p>
      ) : null}
      {nowhere !== null ? <Trouble error={nowhere} /> : null}
      {decide.isError && nowhere === null ? <Trouble error={decide.error} title="Not approved" /> : null}
      {passkey && decide.isPending ? (
        <p role="status" className="text-sm text-soft">
          Your browser asks for your passkey now.
        </p>
      ) : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action
          look="primary"
          onPress={approve}
          disabled={changed || nowhere !== null}
          busy={decide.isPending}
          autoFocus
        >
          Approve {terms.side.toLowerCase()} {grouped(terms.orderQty)} {terms.symbol}
          {passkey ? ' with a passkey' : ''}
        </Action>
      </SheetFoot>
    </>
  )
}

/** Asks for the reason: the assistant and the journal both learn from it. */
function DeclineForm({ shown, onClose, onDone }: FormProps): ReactNode {
  const decide = useDecide(shown.intentID)
  const send = useSingly(decide)
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const decline = (): void => {
    if (reason.trim() === '') return setMissing('Say why; the agent is told, and the journal keeps it.')
    send({ verb: 'decline', reason: reason.trim() }, onDone)
  }
  return (
    <>
      <p className="font-semibold">{askInWords(shown)}</p>
      <Field
        label="Reason"
        value={reason}
        onChange={(text) => {
          setReason(text)
          setMissing(null)
        }}
        error={missing}
        onEnter={decline}
        maxLength={200}
        required
        autoFocus
      />
      {decide.isError ? <Trouble error={decide.error} title="Not declined" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="danger" onPress={decline} busy={decide.isPending}>
          Decline
        </Action>
      </SheetFoot>
    </>
  )
}
