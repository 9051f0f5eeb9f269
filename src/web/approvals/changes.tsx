import { type ReactNode, useState } from 'react'
import type { ApprovalPolicy, Change, Strategy } from '../../api/wire.ts'
import { useDecideChange, useSingly } from '../commands.ts'
import { hostFault } from '../passkeys/passkey.ts'
import { Action, Actions } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { haltedInWords } from '../halt/levels.ts'
import { figureInWords, LIMIT, limitLines } from '../limits/words.ts'
import { Requirement } from '../queue/requirement.tsx'
import type { Tone } from '../words.ts'
import { DiffTable } from './diff-table.tsx'
import { type Line, policyDiff } from './policy.ts'

type Begun = { readonly verb: 'approve' | 'decline'; readonly change: Change }

/** Of what is settled, what there is room for. */
const SETTLED_MAX = 20

/** What somebody wants otherwise: to decide, and decided. `policy` is the one of now. */
export function Changes({
  changes,
  policy,
  note = 'Of the policy, of the risk limits, of people, of their passkeys.',
}: {
  changes: readonly Change[]
  policy: ApprovalPolicy | null
  note?: string
}): ReactNode {
  const [begun, setBegun] = useState<Begun | null>(null)
  const waiting = changes.filter(({ state }) => state === 'Waiting')
  const settled = changes.filter(({ state }) => state !== 'Waiting').slice(0, SETTLED_MAX)
  const before = (change: Change): ApprovalPolicy | null => policyBefore(change, changes, policy)
  const current = changes.find(({ changeID }) => changeID === begun?.change.changeID)
  return (
    <Panel title="Changes" note={note}>
      {waiting.length === 0 ? <Blank title="No change waits." /> : null}
      {waiting.map((change) => (
        <Waiting
          key={change.changeID}
          change={change}
          lines={linesOf(change, before(change))}
          onBegin={(verb) => setBegun({ verb, change })}
        />
      ))}
      {settled.length === 0 ? null : (
        <details className="text-sm">
          <summary className="text-soft">{settled.length} settled</summary>
          <ul className="mt-2 grid gap-4">
            {settled.map((change) => (
              <li key={change.changeID} className="grid gap-2 border-b border-line pb-3 last:border-0 last:pb-0">
                <Head change={change} />
                <DiffTable lines={linesOf(change, before(change))} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <Sheet
        title={begun?.verb === 'decline' ? 'Decline this change?' : 'Approve this change?'}
        open={begun !== null}
        onClose={() => setBegun(null)}
      >
        {begun === null ? null : (
          <DecideForm
            begun={begun}
            lines={linesOf(begun.change, before(begun.change))}
            gone={current === undefined || current.state !== 'Waiting' || current.digest !== begun.change.digest}
            onClose={() => setBegun(null)}
          />
        )}
      </Sheet>
    </Panel>
  )
}

/** The policy that a change of it began from: the one of now, or the one that an earlier change made; null when neither. */
function policyBefore(change: Change, all: readonly Change[], now: ApprovalPolicy | null): ApprovalPolicy | null {
  if (change.what.kind !== 'approval policy') return null
  const version = change.what.before
  if (now?.version === version) return now
  for (const { what, state } of all)
    if (state === 'Applied' && what.kind === 'approval policy' && what.policy.version === version) return what.policy
  return null
}

const access = ({ roles, disabled }: { roles: readonly string[]; disabled: boolean }): string =>
  `${roles.length === 0 ? 'no role' : roles.join(', ')}${disabled ? '; kept out' : ''}`

const CARD = {
  goal: 'Goal',
  inputs: 'Inputs',
  limits: 'Its own limits',
  owner: 'Owner',
  stopWhen: 'Stop it when',
} as const
/** Only what is otherwise afterwards. */
function strategyLines(before: Strategy | null, after: Strategy): Line[] {
  const of = (one: Strategy | null): readonly (string | null)[] => [
    ...(Object.keys(CARD) as (keyof typeof CARD)[]).map((key) => one?.card[key] ?? null),
    one?.sizedBy ?? null,
  ]
  const [had, has] = [of(before), of(after)]
  return [...Object.values(CARD), 'Sized by'].flatMap((what, i): Line[] =>
    had[i] === has[i] ? [] : [{ what: `${after.strategyID}: ${what}`, before: had[i] ?? null, after: has[i] ?? null }],
  )
}

/** The halt that ends. Why it is safe to end it stands below, as the reason of whoever proposed it. */
function releaseLines({ scope, level, since, by, why }: Extract<Change['what'], { kind: 'release' }>): Line[] {
  return [
    { what: 'Halt', before: `${haltedInWords(scope)} (${level})`, after: 'released' },
    { what: 'It was engaged', before: null, after: `${since} by ${by}` },
    { what: 'Because', before: null, after: why },
  ]
}

/** The order itself: what is signed is that it may go, once, and no other. */
function waiverLines({
  intentID,
  lifts,
  raised,
  terms,
  maxNotional,
}: Extract<Change['what'], { kind: 'waiver' }>): Line[] {
  const { side, orderQty, symbol, ordType, price, bracket } = terms
  return [
    {
      what: 'Order',
      before: `${intentID}, refused`,
      after: `${side} ${orderQty} ${symbol}, ${ordType}${price === null ? '' : ` ${price}`}`,
    },
    {
      what: 'Stop and target',
      before: null,
      after: bracket === null ? 'none' : `${bracket.stopPx}, ${bracket.targetPx ?? 'none'}`,
    },
    { what: 'It may cost at most', before: null, after: maxNotional },
    ...lifts.map((name): Line => {
      const { title, unit } = LIMIT[name]
      const figure = raised?.[name]
      return {
        what: `Beyond: ${title}`,
        before: null,
        after: figure === undefined ? 'without end' : `up to ${figureInWords(figure, unit)}`,
      }
    }),
  ]
}

/** What is signed with it: the limits and symbols that begin with the stage, and what was shown for it. */
function stageLines({ before, after, build, limits, evidence }: Extract<Change['what'], { kind: 'stage' }>): Line[] {
  const { symbols } = limits.lists
  return [
    ...(after === before ? [] : [{ what: 'Stage', before, after }]),
    { what: 'Build that may trade', before: null, after: build },
    ...(after === before
      ? []
      : [
          { what: 'Symbols', before: null, after: symbols === null ? 'all' : symbols.join(' ') || 'none' },
          { what: 'The most that one order may cost', before: null, after: limits.values.maxOrderNotional.hard },
        ]),
    ...evidence.map(({ title, need, have, met }) => ({
      what: `Shown: ${title}`,
      before: need,
      after: met ? have : `${have}, not enough`,
    })),
  ]
}

/** A change as before and after. */
function linesOf({ what }: Change, before: ApprovalPolicy | null): Line[] {
  switch (what.kind) {
    case 'approval policy':
      return policyDiff(before, what.policy)
    case 'person':
      return [{ what: what.name, before: access(what.before), after: access(what.after) }]
    case 'risk limits':
      return limitLines(what.before, what.after)
    case 'release':
      return releaseLines(what)
    case 'waiver':
      return waiverLines(what)
    case 'stage':
      return stageLines(what)
    case 'strategy':
      return strategyLines(what.before, what.after)
    case 'passkey revoked':
      return [{ what: `Passkey “${what.name}”`, before: 'in use', after: null }]
  }
}

const KIND: Readonly<Record<Change['what']['kind'], string>> = {
  'approval policy': 'Another policy',
  person: 'Access of a person',
  'risk limits': 'Other risk limits',
  strategy: 'A strategy described',
  stage: 'Another stage, or another build',
  release: 'Trading again after a halt',
  waiver: 'One order beyond a limit, once',
  'passkey revoked': 'A passkey revoked',
}
const STATE: Readonly<Record<Change['state'], Tone>> = {
  Waiting: 'accent',
  Applied: 'good',
  Declined: 'warn',
  Lapsed: 'warn',
}

function Head({ change }: { change: Change }): ReactNode {
  const { what, state, proposerName, proposedAt, reason, note, settledAt } = change
  return (
    <div className="grid gap-1">
      <p className="flex flex-wrap items-center gap-2">
        <strong>
          {KIND[what.kind]}
          {what.kind === 'approval policy' ? `, version ${what.policy.version}` : ''}
          {what.kind === 'risk limits' ? `, version ${what.after.version}` : ''}
        </strong>
        <Badge tone={STATE[state]}>{state}</Badge>
        {note === null ? null : <span className="text-soft">{note}</span>}
      </p>
      <p className="text-sm text-soft">
        <bdi className="text-ink">{proposerName}</bdi>, <Moment at={proposedAt} />: “
        <bdi className="whitespace-pre-wrap">{reason}</bdi>”
        {settledAt === null ? null : (
          <>
            {' '}
            Settled <Moment at={settledAt} />.
          </>
        )}
      </p>
    </div>
  )
}

type WaitingProps = { change: Change; lines: readonly Line[]; onBegin: (verb: Begun['verb']) => void }

function Waiting({ change, lines, onBegin }: WaitingProps): ReactNode {
  const { requires, votes, can, fingerprint, decideBy } = change
  return (
    <article
      aria-label={KIND[change.what.kind]}
      className="grid gap-3 border-b border-line pb-4 last:border-0 last:pb-0"
    >
      <Head change={change} />
      <DiffTable lines={lines} />
      <Requirement requires={requires} votes={votes} />
      <div className="flex flex-wrap items-start justify-between gap-3">
        <Actions
          choices={[
            {
              key: 'Approve',
              can: can.approve,
              look: 'primary',
              onPress: () => onBegin('approve'),
              children: `Approve${requires.passkey ? ' with a passkey' : ''}…`,
            },
            { key: 'Decline', can: can.decline, onPress: () => onBegin('decline'), children: 'Decline…' },
          ]}
        />
        <p className="text-xs text-soft">
          Fingerprint <code className="font-mono text-base font-semibold text-ink">{fingerprint}</code>, until{' '}
          <Moment at={decideBy} />
        </p>
      </div>
    </article>
  )
}

type DecideProps = { begun: Begun; lines: readonly Line[]; gone: boolean; onClose: () => void }

function DecideForm({ begun: { verb, change }, lines, gone, onClose }: DecideProps): ReactNode {
  const decide = useDecideChange(change)
  const send = useSingly(decide)
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const approving = verb === 'approve'
  const passkey = approving && change.requires.passkey
  const nowhere = passkey ? hostFault() : null
  const late = gone && decide.isIdle
  const submit = (): void => {
    if (late) return
    if (!approving && reason.trim() === '') return setMissing('Say why; whoever proposed it will read it.')
    send({ verb, reason: reason.trim() }, onClose)
  }
  return (
    <>
      <Head change={change} />
      <DiffTable lines={lines} />
      <p className="rounded-md bg-sunken px-3 py-2">
        <span className="text-sm text-soft">Fingerprint </span>
        <code className="font-mono text-lg font-bold">{change.fingerprint}</code>
      </p>
      <Field
        label={approving ? 'Note (optional)' : 'Reason'}
        value={reason}
        onChange={(text) => {
          setReason(text)
          setMissing(null)
        }}
        error={missing}
        onEnter={submit}
        maxLength={200}
        required={!approving}
        autoFocus={!approving}
      />
      {late ? (
        <p role="alert" className="rounded-md bg-warn-wash px-3 py-2 text-sm text-warn">
          This change no longer waits for a decision.
        </p>
      ) : null}
      {nowhere === null ? null : <Trouble error={nowhere} />}
      {decide.isError && nowhere === null ? (
        <Trouble error={decide.error} title={approving ? 'Not approved' : 'Not declined'} />
      ) : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action
          look={approving ? 'primary' : 'danger'}
          onPress={submit}
          disabled={late || nowhere !== null}
          busy={decide.isPending}
          autoFocus={approving}
        >
          {approving ? `Approve the change${passkey ? ' with a passkey' : ''}` : 'Decline'}
        </Action>
      </SheetFoot>
    </>
  )
}
