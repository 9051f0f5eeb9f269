import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Can, LiquidationLine } from '../../api/wire.ts'
import { useLiquidate, useSingly } from '../commands.ts'
import { signOf } from '../decimal.ts'
import { Actions } from '../parts/action.tsx'
import { Tick } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { Panel } from '../parts/panel.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltQuery, meQuery } from '../queries.ts'
import { list } from '../words.ts'
import { heldInWords, heldQty, WHO } from './words.ts'

type StartProps = { account: string; lines: readonly LiquidationLine[] }

/** Begins it: what, why, and the account's own name, typed so that nobody closes another one by mistake. */
export function StartForm({ account, lines }: StartProps): ReactNode {
  const liquidate = useLiquidate()
  const send = useSingly(liquidate)
  /** Null: all. What turns up later is not among those that were chosen. */
  const [some, setSome] = useState<ReadonlySet<string> | null>(null)
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const chosen = some === null ? lines : lines.filter(({ symbol }) => some.has(symbol))
  const symbols = chosen.map(({ symbol }) => symbol)
  const begin = (): void =>
    send({ verb: 'start', account: typed.trim(), reason: reason.trim(), ...(some === null ? {} : { symbols }) })
  const can = mayBegin({ typed, account, reason, nothing: some !== null && symbols.length === 0 })
  return (
    <Panel title="Close it" note={<Who />}>
      <div className="grid max-w-2xl gap-4">
        {lines.length < 2 ? null : <Symbols lines={lines} some={some} onChange={setSome} />}
        <WhatHappens lines={chosen} some={some !== null} />
        <Field
          label="Reason"
          value={reason}
          onChange={setReason}
          hint="It is kept in the journal, and everybody sees it beside the halt."
          maxLength={200}
          required
        />
        <Field
          label="Name of the account"
          value={typed}
          onChange={setTyped}
          hint={`Type ${account}, so that nobody closes another one by mistake.`}
          autoComplete="off"
          maxLength={100}
          mono
          required
        />
        {liquidate.isError ? <Trouble error={liquidate.error} title="Not begun" /> : null}
        <Actions
          busy={liquidate.isPending ? 'begin' : null}
          choices={[
            {
              key: some === null ? 'Close everything' : 'Close these',
              can,
              look: 'danger',
              children: some === null ? 'Halt and close everything' : `Halt, and close ${list(symbols) || 'these'}`,
              onPress: begin,
            },
          ]}
        />
      </div>
    </Panel>
  )
}

type Typed = { typed: string; account: string; reason: string; nothing: boolean }
/** Why the button is off: the first thing that is missing. */
function mayBegin({ typed, account, reason, nothing }: Typed): Can {
  if (nothing) return { ok: false, why: 'choose at least one symbol.' }
  if (reason.trim() === '') return { ok: false, why: 'say why.' }
  if (typed.trim() === '') return { ok: false, why: `type the name of the account, ${account}.` }
  if (typed.trim() !== account)
    return { ok: false, why: `this account is called ${account}; another name stands there.` }
  return { ok: true }
}

/** Not enforced here: roles may have changed since this page was opened, and the gateway knows them. */
function Who(): ReactNode {
  const { data: me } = useQuery(meQuery)
  const roles = me?.roles ?? []
  const may = roles.includes('risk') || roles.includes('operator')
  return (
    <>
      It takes {WHO}.{' '}
      {me === undefined || may ? null : (
        <strong className="text-warn">
          You are {me.name} ({roles.join(', ')}): the gateway will refuse it.
        </strong>
      )}
    </>
  )
}

type SymbolsProps = {
  lines: readonly LiquidationLine[]
  some: ReadonlySet<string> | null
  onChange: (some: ReadonlySet<string> | null) => void
}

function Symbols({ lines, some, onChange }: SymbolsProps): ReactNode {
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 text-sm font-semibold">What is closed</legend>
      <Tick
        label="Everything, also what turns up while it runs"
        on={some === null}
        onChange={(on) => onChange(on ? null : new Set(lines.map(({ symbol }) => symbol)))}
      />
      {some === null ? null : (
        <div className="flex flex-wrap gap-x-5 pl-6">
          {lines.map((line) => (
            <Tick
              key={line.symbol}
              label={heldInWords(line)}
              on={some.has(line.symbol)}
              onChange={(on) => {
                const next = new Set(some)
                if (on) next.add(line.symbol)
                else next.delete(line.symbol)
                onChange(next)
              }}
            />
          ))}
        </div>
      )}
    </fieldset>
  )
}

/** In order, before anybody presses. */
function WhatHappens({ lines, some }: { lines: readonly LiquidationLine[]; some: boolean }): ReactNode {
  const { data: halt } = useQuery(haltQuery)
  const orders = lines.reduce((sum, { cancels }) => sum + cancels.length, 0)
  const held = lines.filter((line) => signOf(heldQty(line)) !== 0)
  const where = some ? ` in ${list(lines.map(({ symbol }) => symbol)) || 'what you choose'}` : ''
  return (
    <div className="grid gap-2 rounded-md bg-bad-wash px-4 py-3 text-sm">
      <p className="font-semibold text-bad">What happens</p>
      <ol className="grid list-decimal gap-1 pl-5">
        <li>
          {halt?.level === 'K4' ? (
            <>Trading is halted already (K4), and stays so until people release it.</>
          ) : (
            <>
              <strong>All trading is halted (K4)</strong>
              {some ? ', not only in these,' : ''} and stays so until people release it.
            </>
          )}
        </li>
        <li>
          <strong>
            {orders === 0 ? 'Every order that is open' : `${orders} open ${orders === 1 ? 'order' : 'orders'}`}
            {where}
          </strong>{' '}
          {orders === 1 ? 'is' : orders === 0 ? 'by then is' : 'are'} canceled, stops and targets too.
        </li>
        <li>
          <strong>{held.length === 0 ? 'What the broker holds' : list(held.map(heldInWords))}</strong>{' '}
          {held.length === 1 ? 'is' : held.length === 0 ? 'by then is' : 'are'} closed with limit orders inside the
          price collar, which only reduce. What cannot be closed now waits, and is tried again.
        </li>
        <li>Nothing goes at the market, unless somebody allows it with a second confirmation while it runs.</li>
      </ol>
    </div>
  )
}
