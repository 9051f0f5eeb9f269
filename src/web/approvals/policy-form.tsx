import { type ReactNode, useState } from 'react'
import type { ApprovalPolicy, ApprovalRule, Approvals, Change, Level } from '../../api/wire.ts'
import { usePropose, useSingly } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Choice } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { Panel } from '../parts/panel.tsx'
import { SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { DiffTable } from './diff-table.tsx'
import { faultsOf, policyDiff } from './policy.ts'

/** A rule as it is typed: text everywhere, empty for "not asked for". `key` is only for the list on the screen. */
type Draft = {
  readonly key: number
  readonly name: string
  readonly environment: 'any' | 'paper' | 'live'
  readonly stages: string
  readonly strategies: string
  readonly symbols: string
  readonly notionalAbove: string
  readonly level: Level
  readonly quorum: string
  readonly approvalS: string
  readonly executionS: string
  readonly driftBps: string
}

const NEW: Omit<Draft, 'key'> = {
  name: '',
  environment: 'any',
  stages: '',
  strategies: '',
  symbols: '',
  notionalAbove: '',
  level: 'L2',
  quorum: '1',
  approvalS: '',
  executionS: '',
  driftBps: '',
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '' : String(ms / 1000))

const draftOf = (rule: ApprovalRule, key: number): Draft => ({
  key,
  name: rule.name,
  environment: rule.environment ?? 'any',
  stages: (rule.stages ?? []).join(', '),
  strategies: (rule.strategies ?? []).join(', '),
  symbols: (rule.symbols ?? []).join(', '),
  notionalAbove: rule.notionalAbove ?? '',
  level: rule.level,
  quorum: String(rule.quorum),
  approvalS: seconds(rule.approvalTtlMs),
  executionS: seconds(rule.executionTtlMs),
  driftBps: rule.maxDriftBps === undefined ? '' : String(rule.maxDriftBps),
})

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

/** Text that is no number becomes one that no rule accepts, so that it is named and not dropped. */
const number = (text: string): number => (/^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN)
const milliseconds = (text: string): number => Math.round(number(text) * 1000)

function ruleOf(draft: Draft): ApprovalRule {
  const { stages, strategies, symbols, notionalAbove, approvalS, executionS, driftBps } = draft
  return {
    name: draft.name.trim(),
    ...(draft.environment === 'any' ? {} : { environment: draft.environment }),
    ...(names(stages).length === 0 ? {} : { stages: names(stages).map((name) => name.toUpperCase()) }),
    ...(names(strategies).length === 0 ? {} : { strategies: names(strategies) }),
    ...(names(symbols).length === 0 ? {} : { symbols: names(symbols).map((name) => name.toUpperCase()) }),
    ...(notionalAbove.trim() === '' ? {} : { notionalAbove: notionalAbove.trim() }),
    level: draft.level,
    quorum: number(draft.quorum),
    ...(approvalS.trim() === '' ? {} : { approvalTtlMs: milliseconds(approvalS) }),
    ...(executionS.trim() === '' ? {} : { executionTtlMs: milliseconds(executionS) }),
    ...(driftBps.trim() === '' ? {} : { maxDriftBps: number(driftBps) }),
  }
}

const LEVELS: readonly { readonly value: Level; readonly name: string }[] = [
  { value: 'L1', name: 'A click (L1)' },
  { value: 'L2', name: 'A passkey (L2)' },
  { value: 'L3', name: 'Two people, a passkey each (L3)' },
]
const ENVIRONMENTS = [
  { value: 'any', name: 'Paper and live' },
  { value: 'paper', name: 'Paper only' },
  { value: 'live', name: 'Live only' },
] as const

/** The hours as they are typed; all of them empty: always. */
type Hours = { readonly zone: string; readonly days: string; readonly from: string; readonly until: string }

const hoursOf = ({ coverage }: ApprovalPolicy): Hours => ({
  zone: coverage?.zone ?? '',
  days: (coverage?.days ?? []).join(', '),
  from: coverage?.from ?? '',
  until: coverage?.until ?? '',
})

function coverageOf(hours: Hours): Pick<ApprovalPolicy, 'coverage'> {
  const [zone, from, until] = [hours.zone.trim(), hours.from.trim(), hours.until.trim()]
  const days = names(hours.days).map(number)
  return zone === '' && from === '' && until === '' && days.length === 0
    ? {}
    : { coverage: { zone, days, from, until } }
}

type FormProps = { approvals: Approvals; environment: 'paper' | 'live'; onClose: () => void }

/** Writes another policy, shows what it changes, and proposes it. */
export function PolicyForm({ approvals, environment, onClose }: FormProps): ReactNode {
  // What was looked at when the form was opened: a change of others meanwhile is refused by the gateway, not overwritten.
  const [before] = useState(approvals.policy)
  const [drafts, setDrafts] = useState<readonly Draft[]>(() => before.rules.map(draftOf))
  const [auto, setAuto] = useState(before.autoMaxNotional ?? '')
  const [changesLevel, setChangesLevel] = useState<Level>(before.changes.level)
  const [changesQuorum, setChangesQuorum] = useState(String(before.changes.quorum))
  const [hours, setHours] = useState(() => hoursOf(before))
  const [escalateS, setEscalateS] = useState(seconds(before.escalateAfterMs))
  const [reason, setReason] = useState('')
  const [tried, setTried] = useState(false)
  const propose = usePropose()
  const send = useSingly(propose)

  const policy: ApprovalPolicy = {
    version: before.version,
    rules: drafts.map(ruleOf),
    autoMaxNotional: auto.trim() === '' ? null : auto.trim(),
    changes: { level: changesLevel, quorum: number(changesQuorum) },
    ...coverageOf(hours),
    ...(escalateS.trim() === '' ? {} : { escalateAfterMs: milliseconds(escalateS) }),
  }
  const faults = faultsOf(policy, { approvers: approvals.approvers, environment })
  const diff = policyDiff(before, policy)
  const gaps = [
    ...faults,
    ...(diff.length === 0 ? ['Nothing is changed yet.'] : []),
    ...(reason.trim() === '' ? ['Say why; the others decide by it.'] : []),
  ]
  const edit = (key: number, change: Partial<Draft>): void =>
    setDrafts(drafts.map((draft) => (draft.key === key ? { ...draft, ...change } : draft)))
  const add = (): void => setDrafts([...drafts, { ...NEW, key: Math.max(-1, ...drafts.map((draft) => draft.key)) + 1 }])
  const submit = (): void => {
    setTried(true)
    if (gaps.length === 0) send({ what: { kind: 'approval policy', policy }, reason: reason.trim() })
  }
  if (propose.data !== undefined) return <Proposed change={propose.data} onClose={onClose} />
  return (
    <Panel title="Propose another policy" note={`What follows version ${before.version}.`}>
      {drafts.map((draft, i) => (
        <RuleFields
          key={draft.key}
          draft={draft}
          place={i + 1}
          onChange={(change) => edit(draft.key, change)}
          onRemove={() => setDrafts(drafts.filter(({ key }) => key !== draft.key))}
        />
      ))}
      <div>
        <Action onPress={add}>Add a rule</Action>
      </div>
      <fieldset className="grid gap-3 rounded-md border border-line p-3 sm:grid-cols-3">
        <legend className="px-1 text-sm font-semibold">Beside the rules</legend>
        <Field
          label="Without a person, at most"
          value={auto}
          onChange={setAuto}
          hint="Per order of an armed strategy, on paper. Empty: never."
          maxLength={20}
        />
        <Choice label="Changes need" value={changesLevel} options={LEVELS} onChange={setChangesLevel} />
        <Field
          label="Changes: how many people"
          value={changesQuorum}
          onChange={setChangesQuorum}
          hint="Without whoever proposes it."
          maxLength={2}
        />
      </fieldset>
      <HoursFields hours={hours} onChange={(change) => setHours({ ...hours, ...change })}>
        <Field
          label="Tell further people after"
          value={escalateS}
          onChange={setEscalateS}
          hint="Seconds without a yes. Empty: never."
          maxLength={6}
        />
      </HoursFields>
      <section aria-label="What would change" className="grid gap-2">
        <h3 className="text-sm font-semibold">What would change</h3>
        {diff.length === 0 ? <p className="text-sm text-soft">Nothing yet.</p> : <DiffTable lines={diff} />}
      </section>
      <Field label="Why?" value={reason} onChange={setReason} lines={2} maxLength={500} required />
      {tried && gaps.length > 0 ? (
        <div role="alert" className="rounded-md border border-warn bg-warn-wash px-3 py-2 text-sm">
          <p className="font-semibold text-warn">Not yet:</p>
          <ul className="list-disc pl-5">
            {gaps.map((gap) => (
              <li key={gap}>
                <bdi>{gap}</bdi>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
      {propose.isError ? <Trouble error={propose.error} title="Not proposed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={submit} busy={propose.isPending}>
          Propose
        </Action>
      </SheetFoot>
    </Panel>
  )
}

function Proposed({ change, onClose }: { change: Change; onClose: () => void }): ReactNode {
  return (
    <Panel title={change.state === 'Applied' ? 'Done' : 'Proposed'}>
      <p role="status" className="text-sm">
        {change.state === 'Applied'
          ? 'The new policy holds from now on. Nobody else could decide, so your own word did: there are no four eyes on this.'
          : 'It waits above, under “Changes”, with what it needs.'}
      </p>
      <div>
        <Action onPress={onClose} autoFocus>
          Show the policy
        </Action>
      </div>
    </Panel>
  )
}

type HoursProps = { hours: Hours; onChange: (change: Partial<Hours>) => void; children: ReactNode }

function HoursFields({ hours, onChange, children }: HoursProps): ReactNode {
  const text = (label: string, key: keyof Hours, hint: string, maxLength: number): ReactNode => (
    <Field
      label={label}
      value={hours[key]}
      onChange={(value) => onChange({ [key]: value })}
      hint={hint}
      maxLength={maxLength}
    />
  )
  return (
    <fieldset className="grid gap-3 rounded-md border border-line p-3 sm:grid-cols-2 lg:grid-cols-5">
      <legend className="px-1 text-sm font-semibold">When somebody decides</legend>
      {text('Time zone', 'zone', 'Such as America/New_York. All empty: always.', 64)}
      {text('Days', 'days', '1 is Monday, 7 is Sunday; apart by commas.', 20)}
      {text('From', 'from', 'Such as 09:30.', 5)}
      {text('Until', 'until', 'Such as 16:00; before the start: on the next day.', 5)}
      {children}
    </fieldset>
  )
}

type RuleProps = { draft: Draft; place: number; onChange: (change: Partial<Draft>) => void; onRemove: () => void }

function RuleFields({ draft, place, onChange, onRemove }: RuleProps): ReactNode {
  const text = (label: string, key: keyof Draft, hint?: string, maxLength = 200, autoFocus = false): ReactNode => (
    <Field
      label={label}
      value={String(draft[key])}
      onChange={(value) => onChange({ [key]: value })}
      {...(hint === undefined ? {} : { hint })}
      maxLength={maxLength}
      autoFocus={autoFocus}
    />
  )
  return (
    <fieldset className="grid gap-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-semibold">
        Rule {place} <bdi className="font-normal text-soft">{draft.name}</bdi>
      </legend>
      <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
        {text('Name', 'name', undefined, 60, place === 1 || draft.name === '')}
        <Choice
          label="Which orders"
          value={draft.environment}
          options={ENVIRONMENTS}
          onChange={(environment) => onChange({ environment })}
        />
        <Choice label="How sure" value={draft.level} options={LEVELS} onChange={(level) => onChange({ level })} />
        {text('How many people', 'quorum', undefined, 2)}
        {text('Only above', 'notionalAbove', 'Amount in account currency.', 20)}
        {text('Only symbols', 'symbols', 'Apart by commas.')}
        {text('Only strategies', 'strategies', 'Apart by commas.')}
        {text('Only stages', 'stages', 'S0 to S4, apart by commas.', 30)}
        {text('Decide within', 'approvalS', 'Seconds.', 6)}
        {text('Send within', 'executionS', 'Seconds.', 6)}
        {text('Drift at most', 'driftBps', 'Basis points.', 5)}
        <div className="flex items-center justify-end">
          <Action small look="plain-danger" onPress={onRemove} label={`Remove rule ${place} ${draft.name}`}>
            Remove
          </Action>
        </div>
      </div>
    </fieldset>
  )
}
