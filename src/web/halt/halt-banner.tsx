import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Change, Halt } from '../../api/wire.ts'
import { useHalt, usePropose } from '../commands.ts'
import { Refused } from '../http.ts'
import { Action } from '../parts/action.tsx'
import { StatusBadge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltQuery } from '../queries.ts'
import { Link, navigate, usePlace } from '../router.tsx'
import { haltedInWords, isPart, LEVELS } from './levels.ts'

type One = Halt['halts'][number]

/** On every page while anything is halted: what, who, why, since when, and the proof that nothing is left working. */
export function HaltBanner(): ReactNode {
  const { data: halt } = useQuery(haltQuery)
  const { path } = usePlace()
  const [releasing, setReleasing] = useState<string | null>(null)
  const halts = halt?.halts.toSorted((a, b) => Number(isPart(a.scope)) - Number(isPart(b.scope))) ?? []
  const isAll = halt?.engaged === true
  return (
    <>
      {halt !== undefined && halts.length > 0 ? (
        <section
          aria-label={isAll ? 'Trading is halted' : 'A part of trading is halted'}
          className="border-b-4 border-bad bg-bad-wash print:hidden"
        >
          <div className="mx-auto grid max-w-[90rem] gap-2 px-3 py-3 sm:px-5">
            <p role="alert" className={`font-extrabold text-bad ${isAll ? 'text-lg' : ''}`}>
              {isAll ? 'Trading is halted. Nothing new is sent.' : 'A part of trading is halted. The rest goes on.'}
            </p>
            <ul className="grid gap-2">
              {halts.map((one) => (
                <li key={one.scope} className="flex flex-wrap items-start justify-between gap-x-3 gap-y-2">
                  <HaltLine halt={halt} one={one} />
                  <Action look="plain-danger" onPress={() => setReleasing(one.scope)} label={releaseLabel(one.scope)}>
                    Release…
                  </Action>
                </li>
              ))}
            </ul>
            {isAll && path !== '/liquidate' ? (
              <p>
                <Link to="/liquidate" className="text-sm underline">
                  Close what is held…
                </Link>
              </p>
            ) : null}
          </div>
        </section>
      ) : null}
      <ReleaseSheet halt={halt} scope={releasing} onClose={() => setReleasing(null)} />
    </>
  )
}

type SheetProps = { halt: Halt | undefined; scope: string | null; onClose: () => void }

/** Asks why it is safe to trade again; shut while `scope` is null or no longer halted. */
export function ReleaseSheet({ halt, scope, onClose }: SheetProps): ReactNode {
  return (
    <Sheet
      title={scope === null || !isPart(scope) ? 'Release the halt?' : `Release ${haltedInWords(scope)}?`}
      open={halt?.halts.some((one) => one.scope === scope) ?? false}
      onClose={onClose}
      urgent
    >
      <ReleaseForm scope={scope ?? 'global'} openOrders={halt?.openOrders ?? 0} onClose={onClose} />
    </Sheet>
  )
}

/** It begins with what is written on the button, for those who call it by voice. */
const releaseLabel = (scope: string): string => (scope === 'global' ? 'Release…' : `Release… ${haltedInWords(scope)}`)

function HaltLine({ halt, one }: { halt: Halt; one: One }): ReactNode {
  const { scope, level, by, since, reason } = one
  return (
    <div className="grid min-w-0 flex-1 basis-52 gap-1 text-sm">
      <p>
        <bdi className="font-semibold break-words">{haltedInWords(scope)}</bdi> ({level}) by{' '}
        <bdi className="font-semibold">{by}</bdi> at <Moment at={since} />: “<bdi>{reason}</bdi>”
      </p>
      {scope === 'global' && level === 'K4' ? (
        <Proof halt={halt} />
      ) : (
        <>
          <p className="text-soft">{LEVELS[level]}</p>
          <OrderList
            orders={one.open}
            title={`${inCount(one.open.length)} of it still ${one.open.length === 1 ? 'works' : 'work'} at the broker`}
          />
        </>
      )}
    </div>
  )
}
const inCount = (n: number): string => `${n} ${n === 1 ? 'order' : 'orders'}`

function Proof({ halt }: { halt: Halt }): ReactNode {
  const { openOrders, proof, proven, comparedAt, since } = halt
  const isAsked = comparedAt !== null && since !== null && comparedAt >= since
  const dealt = proof.length === 0 ? '' : `; ${proof.length} were dealt with`
  if (openOrders > 0)
    return (
      <OrderList
        orders={proof}
        open
        title={`${inCount(openOrders)} ${openOrders === 1 ? 'is' : 'are'} still open at the broker`}
      />
    )
  return (
    <>
      <OrderList
        orders={proof}
        title={proven ? `✓ No open orders at the broker${dealt}` : `No order of ours is open${dealt}`}
      />
      {proven && comparedAt !== null ? (
        <p className="text-soft">
          By its own word, asked at <Moment at={comparedAt} />.
        </p>
      ) : (
        <p>
          {isAsked
            ? 'Not proven: the broker holds something that our book does not explain. There is a task about it.'
            : 'Not proven yet: the broker has not been asked since the halt whether it holds one that we do not know.'}
        </p>
      )}
    </>
  )
}

function OrderList({ orders, title, open }: { orders: Halt['proof']; title: string; open?: boolean }): ReactNode {
  if (orders.length === 0) return title.startsWith('0') ? null : <p>{title}.</p>
  return (
    <details open={open ?? false}>
      <summary>{title}</summary>
      <ul className="mt-1 grid gap-1">
        {orders.map(({ clOrdID, symbol, ordStatus }) => (
          <li key={clOrdID} className="flex flex-wrap items-center gap-2">
            <span className="font-semibold">{symbol}</span>
            <code className="font-mono text-xs break-all text-soft">{clOrdID}</code>
            <StatusBadge status={ordStatus} />
          </li>
        ))}
      </ul>
    </details>
  )
}

/** Nothing stands against the release but that one click is not enough for it. */
const isOfPeople = (error: unknown): boolean => error instanceof Refused && error.problem.code === 'RELEASE_IS_A_CHANGE'

function Proposed({ change, onClose }: { change: Change; onClose: () => void }): ReactNode {
  const own = change.what.kind === 'release' && change.what.level === 'K1'
  return (
    <>
      <p className="text-sm">
        Real money is traded here, so trading goes on only when {own ? 'you have' : 'another person has'} agreed with a
        passkey. It is proposed, and stays halted until then.
      </p>
      <SheetFoot>
        <Action onPress={onClose}>Stay here</Action>
        <Action
          look="primary"
          onPress={() => {
            onClose()
            navigate('/approvals')
          }}
        >
          Look at it under Approvals
        </Action>
      </SheetFoot>
    </>
  )
}

type ReleaseProps = { scope: string; openOrders: number; onClose: () => void }

function ReleaseForm({ scope, openOrders, onClose }: ReleaseProps): ReactNode {
  const halt = useHalt()
  const propose = usePropose()
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const release = (): void => {
    if (reason.trim() === '') return setMissing('Say why it is safe to trade again.')
    const ask = { engage: false, reason: reason.trim(), ...(scope === 'global' ? {} : { scope }) }
    halt.mutate(ask, {
      onSuccess: onClose,
      onError: (error) => {
        if (isOfPeople(error)) propose.mutate({ what: { kind: 'release', scope }, reason: reason.trim() })
      },
    })
  }
  if (propose.isSuccess) return <Proposed change={propose.data} onClose={onClose} />
  return (
    <>
      <p className="text-sm">
        {isPart(scope)
          ? 'Its orders that people approve will be sent again. What was withdrawn or canceled stays so.'
          : 'Orders that people approve will be sent again. Orders canceled by the halt stay canceled.'}
        {openOrders === 0 || isPart(scope) ? '' : ` ${inCount(openOrders)} may still fill at the broker.`}
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
      {propose.isError ? <Trouble error={propose.error} title="Not proposed" /> : null}
      {halt.isError && !isOfPeople(halt.error) ? <Trouble error={halt.error} title="Not released" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Stay halted</Action>
        <Action look="danger" onPress={release} busy={halt.isPending || propose.isPending}>
          Release
        </Action>
      </SheetFoot>
    </>
  )
}
