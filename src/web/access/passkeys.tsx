import { type ReactNode, useState } from 'react'
import type { Can, Passkey } from '../../api/wire.ts'
import { useEnrol, useGiveUp, useSingly } from '../commands.ts'
import { useNowMs } from '../live.tsx'
import { Action, Actions } from '../parts/action.tsx'
import { Badge } from '../parts/badge.tsx'
import { Field } from '../parts/field.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { Sheet, SheetFoot } from '../parts/sheet.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { msOf } from '../time.ts'

type PasskeysProps = { passkeys: readonly Passkey[]; canEnrol: Can }

export function Passkeys({ passkeys, canEnrol }: PasskeysProps): ReactNode {
  const [enrolling, setEnrolling] = useState(false)
  const [made, setMade] = useState<Passkey | null>(null)
  const [revoking, setRevoking] = useState<Passkey | null>(null)
  const held = passkeys.filter(({ revokedAt }) => revokedAt === null)
  const revoked = passkeys.filter(({ revokedAt }) => revokedAt !== null)
  return (
    <Panel
      title="Passkeys"
      note="A fingerprint, a face or a PIN on a device of yours. It signs the very order you see."
    >
      <div role="status" className="empty:hidden">
        {made === null ? null : (
          <p className="rounded-md bg-good-wash px-3 py-2 text-sm">
            <strong className="text-good">✓ Enrolled:</strong> <bdi>{made.name}</bdi>.
          </p>
        )}
      </div>
      {held.length === 0 ? (
        <Blank title="You have no passkey.">
          <p>Orders that need one cannot be approved by you. Make one on this device, or on your phone.</p>
        </Blank>
      ) : (
        <ul className="grid gap-3">
          {held.map((passkey) => (
            <Held
              key={passkey.credentialID}
              passkey={passkey}
              onRevoke={() => {
                setMade(null)
                setRevoking(passkey)
              }}
            />
          ))}
        </ul>
      )}
      {held.length === 1 ? (
        <p className="text-sm text-soft">
          Enrol a second one on another device while you hold this one: it lets the next one in. If you lose it, revoke
          it here, enrol another, and have somebody vouch for you under “Approvals”; a new passkey approves live orders
          only after its first day.
        </p>
      ) : null}
      <Actions
        choices={[
          {
            key: 'Enrol',
            can: canEnrol,
            look: held.length === 0 ? 'primary' : 'plain',
            onPress: () => setEnrolling(true),
            children: held.length === 0 ? 'Enrol a passkey…' : 'Enrol another passkey…',
          },
        ]}
      />
      {revoked.length === 0 ? null : (
        <details className="text-sm">
          <summary className="text-soft">{revoked.length} revoked</summary>
          <ul className="mt-2 grid gap-1">
            {revoked.map(({ credentialID, name, revokedAt }) => (
              <li key={credentialID}>
                <bdi>{name}</bdi>{' '}
                <span className="text-soft">revoked {revokedAt === null ? '' : <Moment at={revokedAt} />}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <Sheet title="Enrol a passkey" open={enrolling} onClose={() => setEnrolling(false)}>
        <EnrolForm
          further={held.length > 0}
          onClose={() => setEnrolling(false)}
          onDone={(passkey) => {
            setEnrolling(false)
            setMade(passkey)
          }}
        />
      </Sheet>
      <Sheet title="Revoke this passkey?" open={revoking !== null} onClose={() => setRevoking(null)} urgent>
        {revoking === null ? null : (
          <RevokeForm passkey={revoking} last={held.length === 1} onClose={() => setRevoking(null)} />
        )}
      </Sheet>
    </Panel>
  )
}

const KIND = {
  single: 'Stays on one device',
  multi: 'Copied between your devices by whoever keeps them for you',
} as const

function Held({ passkey, onRevoke }: { passkey: Passkey; onRevoke: () => void }): ReactNode {
  const { name, device, backedUp, createdAt, liveFrom } = passkey
  const held = msOf(liveFrom) > useNowMs()
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 border-b border-line pb-3 text-sm last:border-0 last:pb-0">
      <div className="grid min-w-0 gap-0.5">
        <p className="flex flex-wrap items-center gap-2">
          <bdi className="font-semibold">{name}</bdi>
          {held ? <Badge tone="warn">paper only yet</Badge> : <Badge tone="good">in use</Badge>}
        </p>
        <p className="text-soft">
          {KIND[device]}
          {device === 'multi' ? (backedUp ? '; backed up' : '; not backed up yet') : '; not backed up'}. Enrolled{' '}
          <Moment at={createdAt} />.
        </p>
        {held ? (
          <p className="text-soft">
            It approves live orders from <Moment at={liveFrom} />: a day for you to notice if it was not you.
          </p>
        ) : null}
      </div>
      <Action small look="plain-danger" onPress={onRevoke} label={`Revoke ${name}`}>
        Revoke…
      </Action>
    </li>
  )
}

type EnrolProps = { further: boolean; onClose: () => void; onDone: (passkey: Passkey) => void }

function EnrolForm({ further, onClose, onDone }: EnrolProps): ReactNode {
  const enrol = useEnrol()
  const send = useSingly(enrol)
  const [name, setName] = useState('')
  const [missing, setMissing] = useState<string | null>(null)
  const submit = (): void => {
    if (name.trim() === '') return setMissing('Give it a name by which you know the device, such as laptop.')
    send(name.trim(), onDone)
  }
  return (
    <>
      <p className="text-sm">
        Your browser asks where to keep it: this device, your phone, or a security key.
        {further ? ' Before that it asks for a passkey that you have already, which lets the new one in.' : ''}
      </p>
      <Field
        label="What do you call the device?"
        value={name}
        onChange={(text) => {
          setName(text)
          setMissing(null)
        }}
        error={missing}
        onEnter={submit}
        maxLength={40}
        required
        autoFocus
      />
      {enrol.isError ? <Trouble error={enrol.error} title="Not enrolled" /> : null}
      <SheetFoot>
        <Action onPress={onClose}>Back</Action>
        <Action look="primary" onPress={submit} busy={enrol.isPending}>
          Enrol
        </Action>
      </SheetFoot>
    </>
  )
}

type RevokeProps = { passkey: Passkey; last: boolean; onClose: () => void }

function RevokeForm({ passkey, last, onClose }: RevokeProps): ReactNode {
  const revoke = useGiveUp('passkeys')
  return (
    <>
      <p className="text-sm">
        <bdi className="font-semibold">{passkey.name}</bdi> signs nothing any more, from this moment and for good. What
        it approved and is not sent yet is not sent.
        {last
          ? ' It is your only one: until you enrol another and somebody vouches for you, you approve nothing that needs a passkey.'
          : ''}
      </p>
      {revoke.isError ? <Trouble error={revoke.error} title="Not revoked" /> : null}
      <SheetFoot>
        <Action onPress={onClose} autoFocus>
          Keep it
        </Action>
        <Action
          look="danger"
          onPress={() => revoke.mutate(passkey.credentialID, { onSuccess: onClose })}
          busy={revoke.isPending}
        >
          Revoke
        </Action>
      </SheetFoot>
    </>
  )
}
