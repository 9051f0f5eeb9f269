import type { ReactNode } from 'react'
import type { Link as Tie, SigninCode } from '../../api/wire.ts'
import { useGiveUp, useMakeLinkCode } from '../commands.ts'
import { useNowMs } from '../live.tsx'
import { Action } from '../parts/action.tsx'
import { Moment } from '../parts/moment.tsx'
import { Blank, Panel } from '../parts/panel.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { countdown, msOf } from '../time.ts'

const ACCOUNT: Readonly<Record<Tie['provider'], string>> = {
  slack: 'Slack',
  teams: 'Microsoft Teams',
  oidc: 'Sign-in provider',
}

/** Accounts elsewhere whose word is this person's: a click in a chat, a sign-in. */
export function Chats({ links }: { links: readonly Tie[] }): ReactNode {
  const make = useMakeLinkCode()
  const unlink = useGiveUp('links')
  const tied = links.filter(({ endedAt }) => endedAt === null)
  return (
    <Panel
      title="Linked accounts"
      note="Chats where your click counts as yours, and what you sign in with; unlinking that ends the sessions that it opened. A click is never enough where a passkey is asked for."
    >
      {tied.length === 0 ? <Blank title="No account is linked to you." /> : null}
      <ul className="grid gap-2 text-sm empty:hidden">
        {tied.map(({ linkID, provider, createdAt }) => (
          <li key={linkID} className="flex flex-wrap items-center justify-between gap-3">
            <span className="min-w-0">
              <strong>{ACCOUNT[provider]}</strong>{' '}
              <span className="text-soft">
                since <Moment at={createdAt} />
              </span>
              <code className="block font-mono text-xs break-all text-soft">{linkID}</code>
            </span>
            <Action
              small
              onPress={() => unlink.mutate(linkID)}
              busy={unlink.isPending && unlink.variables === linkID}
              label={`Unlink ${ACCOUNT[provider]}`}
            >
              Unlink
            </Action>
          </li>
        ))}
      </ul>
      {unlink.isError ? <Trouble error={unlink.error} title="Not unlinked" /> : null}
      {make.data === undefined ? null : <HowTo made={make.data} />}
      {make.isError ? <Trouble error={make.error} title="No code was made" /> : null}
      <div>
        <Action onPress={() => make.mutate()} busy={make.isPending}>
          {make.data === undefined ? 'Link a chat' : 'Make another code'}
        </Action>
      </div>
    </Panel>
  )
}

/** What to type, and how long it is good. */
function HowTo({ made: { code, expiresAt } }: { made: SigninCode }): ReactNode {
  const leftMs = msOf(expiresAt) - useNowMs()
  return (
    <div role="status" className="grid gap-2 rounded-md bg-sunken p-3 text-sm">
      {leftMs <= 0 ? (
        <p>This code is too old by now. Make another one.</p>
      ) : (
        <>
          <p>
            Type this in the chat, from your own account there. It is good once, for{' '}
            <span className="font-semibold">{countdown(leftMs)}</span>; show it to nobody.
          </p>
          <dl className="grid gap-1.5">
            <div>
              <dt className="text-xs text-soft">In Slack</dt>
              <dd>
                <code className="font-mono font-semibold break-all select-all">/jax link {code}</code>
              </dd>
            </div>
            <div>
              <dt className="text-xs text-soft">In Teams, to the bot</dt>
              <dd>
                <code className="font-mono font-semibold break-all select-all">link {code}</code>
              </dd>
            </div>
          </dl>
        </>
      )}
    </div>
  )
}
