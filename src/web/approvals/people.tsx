import { type ReactNode, useState } from 'react'
import type { Change, Passkey, Person } from '../../api/wire.ts'
import { type Proposal, usePropose, useSingly } from '../commands.ts'
import { Action } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Tick } from '../parts/choice.tsx'
import { Field } from '../parts/field.tsx'
import { Nothing } from '../parts/figure.tsx'
import { type Column, Ledger } from '../parts/ledger.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'

const ROLES: readonly { readonly role: string; readonly what: string }[] = [
  { role: 'trader', what: 'proposes, cancels and declines' },
  { role: 'approver', what: 'approves orders and arms strategies' },
  { role: 'risk', what: 'approves orders, decides changes' },
  { role: 'operator', what: 'looks after the machine, declines and halts' },
  { role: 'admin', what: 'decides changes, lets people and agents in' },
  { role: 'auditor', what: 'reads the journal' },
]

/** Who has access, and the way to ask for another. */
export function People({ people, governs }: { people: readonly Person[]; governs: boolean }): ReactNode {
  const [asked, setAsked] = useState<Person | null>(null)
  const [proposed, setProposed] = useState<Change | null>(null)
  const columns: Column<Person>[] = [
    {
      key: 'name',
      header: 'Name',
      title: true,
      cell: ({ name, disabled, newcomer }) => (
        <span className="flex flex-wrap items-center gap-2">
          <bdi>{name}</bdi> {disabled ? <Badge tone="bad">kept out</Badge> : null}{' '}
          {newcomer === true && !disabled ? <Badge tone="warn">new, not vouched for</Badge> : null}
        </span>
      ),
    },
    {
      key: 'roles',
      header: 'Roles',
      cell: ({ roles }) => (roles.length === 0 ? <Nothing /> : roles.join(', ')),
    },
    ...(governs
      ? [
          {
            key: 'passkeys',
            header: 'Passkeys',
            cell: ({ passkeys = [] }: Person) =>
              passkeys.length === 0 ? <Nothing /> : <bdi>{passkeys.map(({ name }) => name).join(', ')}</bdi>,
          },
          {
            key: 'do',
            header: 'Change',
            figure: true,
            cell: (person: Person) => (
              <Action small onPress={() => setAsked(person)} label={`Change the access of ${person.name}`}>
                Change…
              </Action>
            ),
          },
        ]
      : []),
  ]
  return (
    <Panel title="People">
      <div role="status" className="empty:hidden">
        {proposed === null ? null : (
          <p className="rounded-md bg-good-wash px-3 py-2 text-sm">
            {proposed.state === 'Applied' ? '✓ Done.' : '✓ Proposed: others decide, under “Changes”.'}
          </p>
        )}
      </div>
      <Ledger caption="People" columns={columns} rows={people} keyOf={({ personID }) => personID} />
      <Sheet title="Change what they may do?" open={asked !== null} onClose={() => setAsked(null)}>
        {asked === null ? null : (
          <PersonForm
            person={asked}
            onClose={() => setAsked(null)}
            onDone={(change) => {
              setAsked(null)
              setProposed(change)
            }}
          />
        )}
      </Sheet>
    </Panel>
  )
}

type FormProps = { person: Person; onClose: () => void; onDone: (change: Change) => void }

function PersonForm({ person, onClose, onDone }: FormProps): ReactNode {
  const propose = usePropose()
  const send = useSingly(propose)
  const [roles, setRoles] = useState<readonly string[]>(person.roles)
  const [disabled, setDisabled] = useState(person.disabled)
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const same = disabled === person.disabled && [...roles].sort().join() === [...person.roles].sort().join()
  const vouching = same && person.newcomer === true
  const sendWhy = (what: Proposal): void => {
    if (reason.trim() === '') return setMissing('Say why; it is kept, and the others decide by it.')
    send({ what, reason: reason.trim() }, onDone)
  }
  const submit = (): void => {
    if (same && !vouching) return setMissing('Nothing is changed yet.')
    sendWhy({ kind: 'person', personID: person.personID, roles, disabled })
  }
  return (
    <>
      <p className="font-semibold">
        <bdi>{person.name}</bdi>
      </p>
      <fieldset>
        <legend className="text-sm font-semibold">Roles</legend>
        {ROLES.map(({ role, what }) => (
          <Tick
            key={role}
            label={
              <>
                {role} <span className="text-soft">{what}</span>
              </>
            }
            on={roles.includes(role)}
            onChange={(on) => setRoles(on ? [...roles, role] : roles.filter((one) => one !== role))}
          />
        ))}
      </fieldset>
      <Tick label="Kept out: may not sign in, and nothing of theirs counts" on={disabled} onChange={setDisabled} />
      <p className="text-sm text-soft">
        {vouching
          ? 'They are new: their yes is one click and no more, until you vouch for them as they are, or with other roles.'
          : 'Taking something away is done at once; giving more is for others to decide.'}
      </p>
      <Field
        label="Why?"
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
      <Theirs
        passkeys={person.passkeys ?? []}
        busy={propose.isPending}
        onRevoke={(credentialID) => sendWhy({ kind: 'passkey revoked', credentialID })}
      />
      {propose.isError ? <Trouble error={propose.error} title="Not proposed" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={submit} busy={propose.isPending}>
          {vouching ? 'Vouch for them' : 'Propose'}
        </Action>
      </SheetFoot>
    </>
  )
}

type TheirsProps = { passkeys: readonly Passkey[]; busy: boolean; onRevoke: (credentialID: string) => void }

/** What another person signs with: for the day when it is lost, and they cannot get in to revoke it. */
function Theirs({ passkeys, busy, onRevoke }: TheirsProps): ReactNode {
  if (passkeys.length === 0) return null
  return (
    <section aria-label="Their passkeys" className="grid gap-2 rounded-md border border-line p-3 text-sm">
      <h3 className="font-semibold">Lost a passkey?</h3>
      <p className="text-soft">Revoking is done at once and for good, also without any other change.</p>
      <ul className="grid gap-2">
        {passkeys.map(({ credentialID, name, device, createdAt }) => (
          <li key={credentialID} className="flex items-start justify-between gap-3">
            <span className="min-w-0">
              <bdi className="font-semibold">{name}</bdi>{' '}
              <span className="text-soft">
                {device === 'single' ? 'on one device' : 'copied between devices'}, enrolled <Moment at={createdAt} />,
                id ending in <code className="font-mono">{credentialID.slice(-4)}</code>
              </span>
            </span>
            <Action
              small
              look="plain-danger"
              onPress={() => onRevoke(credentialID)}
              busy={busy}
              label={`Revoke the passkey ${name}`}
            >
              Revoke
            </Action>
          </li>
        ))}
      </ul>
    </section>
  )
}
