import { type ReactNode, useState } from 'react'
import type { Bound, Change, LimitName, LimitRow, Limits, LimitsNow } from '../../api/wire.ts'
import { DiffTable } from '../approvals/diff-table.tsx'
import { usePropose, useSingly } from '../commands.ts'
import { percent, share } from '../decimal.ts'
import { Action } from '../parts/action.tsx'
import { Choice, Tick } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { whoMustSayYes } from '../words.ts'
import { capital, isLooser, isShare, LIMIT, LIMIT_NAMES, limitLines, LIST, LIST_NAMES, type ListName } from './words.ts'

/** One limit or list as it is typed: empty is no limit, or nothing in the list. `key` is only for the screen. */
type Draft = {
  readonly key: number
  readonly name: LimitName | ListName
  readonly hard: string
  readonly soft: string
  readonly names: string
  readonly all: boolean
}

const isLimit = (name: LimitName | ListName): name is LimitName => name in LIMIT

const typed = (value: string | null, unit: LimitRow['unit']): string =>
  value === null ? '' : isShare(unit) ? percent(value) : value

function draftOf(name: LimitName | ListName, limits: Limits, key: number): Draft {
  const empty = { key, name, hard: '', soft: '', names: '', all: false }
  if (isLimit(name)) {
    const { hard, soft } = limits.values[name]
    return { ...empty, hard: typed(hard, LIMIT[name].unit), soft: typed(soft, LIMIT[name].unit) }
  }
  const value = limits.lists[name]
  if (typeof value === 'boolean') return { ...empty, all: value }
  return { ...empty, all: value === null, names: (value ?? []).join(' ') }
}

function figureOf(text: string, unit: LimitRow['unit']): string | null {
  const clean = text.replaceAll(',', '').replace('%', '').trim()
  if (clean === '') return null
  return isShare(unit) ? share(clean) : clean
}
/** A soft limit that nobody touched comes down to a hard one that is stricter. */
function boundOf(name: LimitName, draft: Draft, now: Bound): Bound {
  const { unit } = LIMIT[name]
  const [hard, soft] = [figureOf(draft.hard, unit), figureOf(draft.soft, unit)]
  const untouched = now.soft !== null && draft.soft === typed(now.soft, unit)
  return { hard, soft: untouched && isLooser(name, soft, hard) ? hard : soft }
}

/** Lists of which there is no "all". */
const WITHOUT_ALL: ReadonlySet<string> = new Set(['restricted', 'sectors'])

/** How each list is written; symbols always in capital letters. */
function listOf(draft: Draft): string[] | null | boolean {
  if (draft.name === 'allowShort') return draft.all
  if (draft.all && !WITHOUT_ALL.has(draft.name)) return null
  const names = draft.names.split(/[\s,]+/).filter((name) => name !== '')
  return draft.name === 'symbols' || draft.name === 'restricted' ? names.map((name) => name.toUpperCase()) : names
}

type Asked = { values: Partial<Record<LimitName, Bound>>; lists: Partial<Limits['lists']> }
function askedOf(drafts: readonly Draft[], now: Limits): Asked {
  const values: Asked['values'] = {}
  const lists: Record<string, string[] | null | boolean> = {}
  for (const draft of drafts)
    if (isLimit(draft.name)) values[draft.name] = boundOf(draft.name, draft, now.values[draft.name])
    else lists[draft.name] = listOf(draft)
  return { values, lists }
}

type SheetProps = { limits: LimitsNow; open: boolean; onClose: () => void; onDone: (text: string) => void }

export function ProposeSheet({ limits, open, onClose, onDone }: SheetProps): ReactNode {
  return (
    <Sheet title="Change the limits" open={open} onClose={onClose}>
      {open ? <ProposeForm limits={limits} onClose={onClose} onDone={onDone} /> : null}
    </Sheet>
  )
}

const FIRST: LimitName = 'maxOrderNotional'
const OPTIONS = [
  ...LIMIT_NAMES.map((value) => ({ value, name: capital(LIMIT[value].title) })),
  ...LIST_NAMES.map((value) => ({ value, name: capital(LIST[value]) })),
]

/** Writes other limits, says what that takes, and proposes it. */
function ProposeForm({ limits, onClose, onDone }: Omit<SheetProps, 'open'>): ReactNode {
  // What was looked at when the form was opened: a change of others meanwhile is refused by the gateway, not overwritten.
  const [seen] = useState(limits)
  const { inForce, next, can, looser } = seen
  const [drafts, setDrafts] = useState<readonly Draft[]>([draftOf(FIRST, inForce, 0)])
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const propose = usePropose()
  const send = useSingly(propose)
  const asked = askedOf(drafts, inForce)
  const after: Limits = {
    ...inForce,
    values: { ...inForce.values, ...asked.values },
    lists: { ...inForce.lists, ...asked.lists },
  }
  const lines = limitLines(inForce, after)
  const loosens = lines.some(({ tighter }) => tighter === false)
  const forbidden = loosens && !can.loosen.ok ? can.loosen.why : null
  const set = (key: number, to: Partial<Draft>): void =>
    setDrafts(drafts.map((draft) => (draft.key === key ? { ...draft, ...to } : draft)))
  const free = OPTIONS.find(({ value }) => drafts.every(({ name }) => name !== value))
  const submit = (): void => {
    if (lines.length === 0 || forbidden !== null) return
    if (reason.trim() === '') return setMissing('Say why; it is kept with the change for ever.')
    const what = { kind: 'risk limits', version: inForce.version, ...asked } as const
    send({ what, reason: reason.trim() }, (change) => onDone(outcome(change, loosens)))
  }
  return (
    <>
      {drafts.map((draft) => (
        <div key={draft.key} className="grid gap-2 border-b border-line pb-3">
          <Choice
            label="Limit"
            value={draft.name}
            options={OPTIONS.filter(({ value }) => value === draft.name || drafts.every(({ name }) => name !== value))}
            onChange={(name) => setDrafts(drafts.map((one) => (one === draft ? draftOf(name, inForce, one.key) : one)))}
          />
          {isLimit(draft.name) ? (
            <Figures draft={draft} unit={LIMIT[draft.name].unit} currency={seen.currency} set={set} />
          ) : (
            <Names draft={draft} set={set} />
          )}
        </div>
      ))}
      {free === undefined ? null : (
        <p>
          <Action
            small
            onPress={() =>
              setDrafts([...drafts, draftOf(free.value, inForce, Math.max(...drafts.map(({ key }) => key)) + 1)])
            }
          >
            Another limit
          </Action>
        </p>
      )}
      {lines.length === 0 ? null : <DiffTable lines={lines} />}
      <Takes loosens={lines.length === 0 ? null : loosens} looser={looser} />
      {next === null || lines.length === 0 ? null : (
        <p className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          Other limits wait for <Moment at={next.from} />. Once this holds or is agreed to, they are given up.
        </p>
      )}
      {forbidden === null ? null : (
        <p role="alert" className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          {forbidden}
        </p>
      )}
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
      {propose.isError ? <Trouble error={propose.error} title="Not changed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action
          look="primary"
          onPress={submit}
          busy={propose.isPending}
          disabled={lines.length === 0 || forbidden !== null}
        >
          {loosens ? 'Propose it' : 'Tighten at once'}
        </Action>
      </SheetFoot>
    </>
  )
}

function Takes({ loosens, looser }: { loosens: boolean | null; looser: LimitsNow['looser'] }): ReactNode {
  if (loosens === null) return <p className="text-sm text-soft">Nothing would change yet.</p>
  if (!loosens)
    return (
      <p className="rounded-md bg-good-wash px-3 py-2 text-sm text-good">
        <strong>Tighter.</strong> It holds at once, and nobody else need agree.
      </p>
    )
  return (
    <p className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
      <strong>Looser.</strong> It takes the yes of {whoMustSayYes(looser.requires)} ({looser.roles.join(' or ')}), and
      agreed to today it holds from <Moment at={looser.from} /> on. All that is tighter in it waits as well.
    </p>
  )
}

const outcome = ({ state }: Change, loosens: boolean): string =>
  state === 'Waiting'
    ? 'Proposed. Nothing is looser until somebody else agrees, and the day is over.'
    : loosens
      ? 'Agreed. It holds from the next trading day on that is eight hours away.'
      : 'In force now.'

type PartProps = { draft: Draft; set: (key: number, to: Partial<Draft>) => void }

function Figures({
  draft: { key, hard, soft },
  unit,
  currency,
  set,
}: PartProps & { unit: LimitRow['unit']; currency: string | null }): ReactNode {
  const measure = isShare(unit)
    ? `in % of ${unit.replace('share of ', '')}`
    : unit === 'account currency'
      ? `in ${currency ?? unit}`
      : `in ${unit}`
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field
        label="Hard"
        value={hard}
        onChange={(text) => set(key, { hard: text })}
        hint={`${measure}; empty: no limit`}
        mono
      />
      <Field
        label="Soft"
        value={soft}
        onChange={(text) => set(key, { soft: text })}
        hint="beyond it, one level more; empty: none"
        mono
      />
    </div>
  )
}

const HINT: Readonly<Record<ListName, string>> = {
  symbols: 'such as AAPL MSFT',
  restricted: 'such as GME; empty: none',
  assetClasses: 'of us_equity fx crypto',
  venues: 'such as NASDAQ NYSE',
  sessions: 'of Regular',
  ordTypes: 'of Limit Market',
  sectors: 'such as AAPL=technology; empty: none',
  allowShort: '',
}
function Names({ draft: { key, name, names, all }, set }: PartProps): ReactNode {
  if (name === 'allowShort')
    return <Tick label="A sell may open a short position" on={all} onChange={(on) => set(key, { all: on })} />
  return (
    <>
      {WITHOUT_ALL.has(name) ? null : <Tick label="All" on={all} onChange={(on) => set(key, { all: on })} />}
      {all && !WITHOUT_ALL.has(name) ? null : (
        <Field
          label={name === 'restricted' ? 'Not these' : name === 'sectors' ? 'Symbol and sector' : 'Only these'}
          value={names}
          onChange={(text) => set(key, { names: text })}
          hint={HINT[name as ListName]}
          mono
        />
      )}
    </>
  )
}
