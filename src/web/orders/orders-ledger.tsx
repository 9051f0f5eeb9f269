import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Halt, Order } from '../../api/wire.ts'
import { useCancel, useReplace } from '../commands.ts'
import { grouped, trimmed } from '../decimal.ts'
import { haltedInWords, isPart } from '../halt/levels.ts'
import { Action } from '../parts/action.tsx'
import { SideMark, StatusBadge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Figure } from '../parts/figure.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { OfIntent } from '../parts/of-intent.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltQuery } from '../queries.ts'
import { IN_DOUBT, isWorking, orderInWords, priceInWords, ROLE } from '../words.ts'

/** Orders as the broker holds them. */
export function OrdersLedger({ orders, within }: { orders: readonly Order[]; within?: 'story' }): ReactNode {
  const [canceling, setCanceling] = useState<Order | null>(null)
  const [changing, setChanging] = useState<Order | null>(null)
  const halts = useQuery(haltQuery).data?.halts ?? []
  const columns: Column<Order>[] = [
    {
      key: 'order',
      header: 'Order',
      title: true,
      cell: (order) => (
        <span className="flex items-center gap-2">
          <SideMark side={order.terms.side} />
          {within === 'story' ? (
            <bdi>{order.terms.symbol}</bdi>
          ) : (
            <OfIntent symbol={order.terms.symbol} intentID={order.intentID} role={order.role} />
          )}
        </span>
      ),
    },
    { key: 'role', header: 'Role', cell: ({ role }) => ROLE[role] },
    { key: 'price', header: 'Price', figure: true, cell: ({ terms }) => priceInWords(terms) },
    {
      key: 'filled',
      header: 'Filled of',
      figure: true,
      cell: ({ cumQty, terms }) => (
        <span className="whitespace-nowrap">
          {grouped(cumQty)} <span className="text-soft">of</span> {grouped(terms.orderQty)}
        </span>
      ),
    },
    {
      key: 'avg',
      header: 'Avg price',
      figure: true,
      cell: ({ avgPx }) => <Figure value={avgPx === null ? null : trimmed(avgPx)} />,
      quiet: ({ avgPx }) => avgPx === null,
    },
    { key: 'status', header: 'Status', cell: (order) => <OrderStanding order={order} halts={halts} /> },
    { key: 'sent', header: 'Sent', figure: true, cell: (order) => <Sent order={order} /> },
    {
      key: 'id',
      header: 'ClOrdID',
      cell: ({ clOrdID }) => <code className="font-mono text-xs break-all text-soft">{clOrdID}</code>,
    },
    {
      key: 'act',
      header: 'Actions',
      figure: true,
      quiet: (order) => !order.can.cancel.ok,
      cell: (order) =>
        order.can.cancel.ok ? (
          <span className="inline-flex gap-1">
            {order.can.replace.ok ? (
              <Action small onPress={() => setChanging(order)} label={`Change ${orderInWords(order.terms)}`}>
                Change
              </Action>
            ) : null}
            <Action
              small
              look="plain-danger"
              onPress={() => setCanceling(order)}
              label={`Cancel ${orderInWords(order.terms)}`}
            >
              Cancel
            </Action>
          </span>
        ) : isWorking(order) ? (
          <span className="text-xs text-soft">{order.can.cancel.why}</span>
        ) : null,
    },
  ]
  return (
    <>
      <Ledger caption="Orders" columns={columns} rows={orders} keyOf={({ clOrdID }) => clOrdID} />
      <Sheet title="Cancel this order?" open={canceling !== null} onClose={() => setCanceling(null)}>
        {canceling === null ? null : <CancelForm order={canceling} onClose={() => setCanceling(null)} />}
      </Sheet>
      <Sheet title="Change this order" open={changing !== null} onClose={() => setChanging(null)}>
        {changing === null ? null : <ChangeForm order={changing} onClose={() => setChanging(null)} />}
      </Sheet>
    </>
  )
}

/** Here the broker has said nothing: the words are this gateway's, such as what held the order back. */
const OURS: ReadonlySet<Order['ordStatus']> = new Set(['NotSent', 'InDoubt'])

function OrderStanding({ order, halts }: { order: Order; halts: Halt['halts'] }): ReactNode {
  // Of a halt of everything the banner tells.
  const parts = halts.filter(({ scope, open }) => isPart(scope) && open.some((one) => one.clOrdID === order.clOrdID))
  return (
    <>
      <StatusBadge status={order.ordStatus} />
      {order.ordStatus === 'InDoubt' ? (
        <span className="mt-1 block text-xs font-semibold text-bad">{IN_DOUBT}</span>
      ) : null}
      {parts.map(({ scope, level }) => (
        <span key={scope} className="mt-1 block text-xs font-semibold text-bad">
          Halted: <bdi>{haltedInWords(scope)}</bdi> ({level}
          {level === 'K4' ? ')' : '). It works on'}
        </span>
      ))}
      {order.text === null || order.text === '' ? null : (
        <span className="mt-1 block max-w-96 text-xs text-soft">
          {OURS.has(order.ordStatus) ? (
            <bdi>{order.text}</bdi>
          ) : (
            <>
              Broker: “<bdi>{order.text}</bdi>”
            </>
          )}
        </span>
      )}
    </>
  )
}

function Sent({ order }: { order: Order }): ReactNode {
  return order.sentAt === null ? <span className="text-soft">not sent</span> : <Moment at={order.sentAt} />
}

function CancelForm({ order, onClose }: { order: Order; onClose: () => void }): ReactNode {
  const cancel = useCancel(order.clOrdID)
  return (
    <>
      <p className="font-semibold">{orderInWords(order.terms)}</p>
      <p className="text-sm">
        {order.role === 'Stop' ? (
          <strong className="text-bad">This stop protects a position. Without it a loss has no limit. </strong>
        ) : null}
        {order.cumQty === '0' ? 'Nothing is filled yet.' : `${grouped(order.cumQty)} are filled and stay filled.`} A
        fill may still cross the cancel on its way; it counts.
      </p>
      {cancel.isError ? <Trouble error={cancel.error} title="Not canceled" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Keep it</Action>
        <Action
          look="danger"
          onPress={() => cancel.mutate(undefined, { onSuccess: onClose })}
          busy={cancel.isPending}
          autoFocus
        >
          Cancel the order
        </Action>
      </SheetFoot>
    </>
  )
}

const filledIn = (typed: string): string | undefined => (typed.trim() === '' ? undefined : typed.trim())

/** Typing the terms and pressing the button is the approval, so both say what will be asked for. */
function ChangeForm({ order, onClose }: { order: Order; onClose: () => void }): ReactNode {
  const replace = useReplace(order.clOrdID)
  const [price, setPrice] = useState('')
  const [size, setSize] = useState('')
  const [reason, setReason] = useState('')
  const [named, sized, why] = [price, size, reason].map(filledIn)
  const nothing = named === undefined && sized === undefined
  const send = (): void => {
    if (nothing) return
    const change = {
      ...(named === undefined ? {} : { limit_price: named }),
      ...(sized === undefined ? {} : { order_qty: sized }),
      ...(why === undefined ? {} : { reason: why }),
    }
    replace.mutate(change, { onSuccess: onClose })
  }
  return (
    <>
      <p className="font-semibold">{orderInWords(order.terms)}</p>
      <p className="text-sm">
        Asking for it approves exactly these terms. Every check of a new order is made; the order works as it is until
        the broker has replaced it, and a fill that crosses counts.
      </p>
      {order.terms.price === null ? null : (
        <Field
          label="New limit price"
          value={price}
          onChange={setPrice}
          hint={`Empty leaves ${order.terms.price}.`}
          mono
        />
      )}
      <Field
        label="New size in all"
        value={size}
        onChange={setSize}
        hint="Counts what is filled. Empty leaves it as it is."
        mono
      />
      <Field label="Reason" value={reason} onChange={setReason} maxLength={500} onEnter={send} />
      {replace.isError ? <Trouble error={replace.error} title="Not changed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Leave it</Action>
        <Action look="primary" onPress={send} busy={replace.isPending} disabled={nothing}>
          Approve the change
        </Action>
      </SheetFoot>
    </>
  )
}
