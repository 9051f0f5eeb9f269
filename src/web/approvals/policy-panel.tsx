import type { ReactNode } from 'react'
import type { ApprovalRule, Approvals } from '../../api/wire.ts'
import { Actions } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Nothing } from '../parts/figure.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Panel } from '../parts/panel.tsx'
import { LEVEL, people, whoMustSayYes } from '../words.ts'
import { autoInWords, coverageInWords, escalationInWords, limitsInWords, whichInWords } from './policy.ts'

type PolicyProps = {
  approvals: Approvals
  environment: 'paper' | 'live'
  governs: boolean
  onEdit: () => void
}

const COLUMNS: readonly Column<ApprovalRule>[] = [
  { key: 'name', header: 'Rule', title: true, cell: ({ name }) => <bdi>{name}</bdi> },
  { key: 'which', header: 'Which orders', cell: (rule) => <bdi>{whichInWords(rule)}</bdi> },
  {
    key: 'people',
    header: 'How many',
    cell: ({ level, quorum }) => (
      <span className="whitespace-nowrap">{people(level === 'L3' ? Math.max(2, quorum) : quorum)}</span>
    ),
  },
  {
    key: 'level',
    header: 'How sure',
    cell: ({ level }) => (
      <span className="whitespace-nowrap">
        {LEVEL[level]} <span className="text-xs text-soft">{level}</span>
      </span>
    ),
  },
  {
    key: 'limits',
    header: 'Tighter than the account',
    quiet: (rule) => limitsInWords(rule).length === 0,
    cell: (rule) => {
      const limits = limitsInWords(rule)
      return limits.length === 0 ? <Nothing /> : limits.join(', ')
    },
  },
]

/** The policy as people read it: a table, and the few lines that are no rule. */
export function PolicyPanel({ approvals, environment, governs, onEdit }: PolicyProps): ReactNode {
  const { policy, fourEyes, approvers, governors } = approvals
  return (
    <Panel
      title="Who must say yes to an order"
      note={`Version ${policy.version}. Of all rules that fit an order the strictest counts; where none fits, two people with a passkey each.`}
      aside={<Badge tone={fourEyes === 'on' ? 'good' : 'warn'}>four-eyes: {fourEyes}</Badge>}
    >
      <Ledger caption="Rules" columns={COLUMNS} rows={policy.rules} keyOf={({ name }) => name} />
      <dl className="grid gap-3 border-t border-line pt-3 text-sm sm:grid-cols-2">
        <Line
          what="Four eyes"
          is={
            fourEyes === 'on'
              ? `On: no ${environment} order is sent on the word of one person.`
              : `Off: some ${environment} orders are sent on the word of one person${policy.autoMaxNotional !== null && environment === 'paper' ? ', or of none where a strategy is armed' : ''}.`
          }
        />
        <Line what="Without a person" is={`Paper only: ${autoInWords(policy.autoMaxNotional)}.`} />
        <Line
          what="Changes of this, of people and passkeys"
          is={`By ${whoMustSayYes(policy.changes)}. Whoever proposes it does not count, unless nobody else may decide.`}
        />
        <Line
          what="Somebody decides"
          is={
            policy.coverage === undefined
              ? 'Always: an order waits for its yes at every hour.'
              : `${coverageInWords(policy.coverage)}. What comes at other hours is refused at once.`
          }
        />
        <Line
          what="Further people are told of an order"
          is={
            policy.escalateAfterMs === undefined
              ? 'Never.'
              : `${capital(escalationInWords(policy.escalateAfterMs))}, if it may wait for so long.`
          }
        />
        <Line
          what="Who there is"
          is={`To approve orders (roles approver, risk): ${people(approvers)}. To decide changes (roles risk, admin): ${people(governors)}.`}
        />
      </dl>
      <Actions
        choices={[
          {
            key: 'Propose a change',
            can: governs ? { ok: true } : { ok: false, why: 'it takes the role risk or admin.' },
            onPress: onEdit,
            children: 'Propose a change…',
          },
        ]}
      />
    </Panel>
  )
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

function Line({ what, is }: { what: string; is: string }): ReactNode {
  return (
    <div>
      <dt className="text-xs text-soft">{what}</dt>
      <dd>{is}</dd>
    </div>
  )
}
