import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useId, useState } from 'react'
import type { HaltLevel } from '../../api/wire.ts'
import { useHalt } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Choice } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { approvalsQuery, haltQuery, positionsQuery, queueQuery, recentQuery } from '../queries.ts'
import { haltedInWords, isPart, LEVELS, REASON } from './levels.ts'

/** A name that nobody has seen here yet is typed. */
const TYPED = { strategy: 'Another strategy…', symbol: 'Another symbol…' } as const
const isTyped = (what: string): what is keyof typeof TYPED => what in TYPED

/** Stops one strategy, one symbol, or everything without taking back what works. */
export function PartForm({ onClose }: { onClose: () => void }): ReactNode {
  const halt = useHalt()
  const scopes = useScopes()
  const [what, setWhat] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [level, setLevel] = useState<HaltLevel | null>(null)
  const [reason, setReason] = useState(REASON)
  const [missing, setMissing] = useState<string | null>(null)

  const chosen = what ?? scopes[0] ?? 'strategy'
  const name = chosen === 'symbol' ? typed.trim().toUpperCase() : typed.trim()
  const scope = isTyped(chosen) ? `${chosen}:${name}` : chosen
  const levels: readonly HaltLevel[] = isPart(scope) ? ['K1', 'K4'] : ['K2', 'K3', 'K4']
  const far = level !== null && levels.includes(level) ? level : (levels[0] ?? 'K4')
  const { data: now } = useQuery(haltQuery)
  const before = now?.halts.find((one) => one.scope === scope)
  const engage = (): void => {
    if (isTyped(chosen) && name === '') return setMissing(`Name the ${chosen}, as its signals do.`)
    const why = reason.trim() === '' ? REASON : reason.trim()
    halt.mutate({ engage: true, reason: why, scope, level: far }, { onSuccess: onClose })
  }
  return (
    <>
      <Choice
        label="What is to stop"
        value={chosen}
        options={[
          ...scopes.map((value) => ({ value, name: haltedInWords(value) })),
          ...Object.entries(TYPED).map(([value, words]) => ({ value, name: words })),
          { value: 'global', name: 'Everything, but not as far' },
        ]}
        onChange={setWhat}
      />
      {isTyped(chosen) ? (
        <Field
          label={chosen === 'symbol' ? 'Symbol' : 'Strategy'}
          value={typed}
          onChange={setTyped}
          error={name === '' ? missing : null}
          onEnter={engage}
          maxLength={100}
          required
        />
      ) : null}
      <Levels levels={levels} value={far} onChange={setLevel} />
      <Field label="Reason" value={reason} onChange={setReason} onEnter={engage} maxLength={200} />
      {before === undefined ? null : (
        <p className="text-sm">
          It is halted already ({before.level}). A higher level goes further; a lower one changes nothing.
        </p>
      )}
      {halt.isError ? <Trouble error={halt.error} title="Not confirmed: it may still trade" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Go on trading</Action>
        <Action look="danger" onPress={engage} busy={halt.isPending}>
          {isTyped(chosen) && name === '' ? 'Halt it' : `Halt ${haltedInWords(scope, 'within')}`}
        </Action>
      </SheetFoot>
    </>
  )
}

type LevelsProps = { levels: readonly HaltLevel[]; value: HaltLevel; onChange: (level: HaltLevel) => void }

function Levels({ levels, value, onChange }: LevelsProps): ReactNode {
  const id = useId()
  return (
    <fieldset className="grid gap-1.5">
      <legend className="mb-1 text-sm font-semibold">How far</legend>
      {levels.map((level) => (
        <label key={level} className="flex items-baseline gap-2 text-sm">
          <input
            type="radio"
            name={id}
            checked={level === value}
            onChange={() => onChange(level)}
            className="accent-(--accent)"
          />
          <span>
            <strong>{level}</strong> {LEVELS[level]}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** The strategies and symbols that are there: in what waits, what was asked for lately, what is held, what is armed. */
function useScopes(): readonly string[] {
  const { data: queue } = useQuery(queueQuery)
  const { data: recent } = useQuery(recentQuery)
  const { data: held } = useQuery(positionsQuery)
  const { data: approvals } = useQuery(approvalsQuery)
  const intents = [...(queue?.items ?? []), ...(recent?.items ?? [])]
  const strategies = [...intents, ...(approvals?.armed ?? [])].map(({ strategyID }) => `strategy:${strategyID}`)
  const symbols = [...intents, ...(held?.items ?? [])].map(({ symbol }) => `symbol:${symbol}`)
  return [...new Set([...strategies.sort(), ...symbols.sort()])]
}
