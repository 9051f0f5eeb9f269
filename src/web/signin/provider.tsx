import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import type { Link as Tie, WaysToSignIn } from '../../api/wire.ts'
import { call } from '../http.ts'
import { Action } from '../parts/action.tsx'
import { Panel } from '../parts/panel.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { accessQuery } from '../queries.ts'
import { usePlace } from '../router.tsx'

// Signing in by a provider, where one is configured: a link that leads there, and what is said to whoever comes back.

const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: ({ signal }) => call<WaysToSignIn>('GET', '/signin', undefined, signal),
})
export const useWays = (): WaysToSignIn | undefined => useQuery(waysQuery).data

const WORDS = {
  unreachable: 'The sign-in provider does not answer. A one-time code works without it.',
  refused: 'Nobody was signed in at the provider. Try again, or use a one-time code.',
  stale: 'That took too long, or began in another window. Begin again here.',
  untrusted:
    'What the provider answered cannot be trusted, so it signs nobody in. An operator finds the reason in the log; a one-time code works without it.',
  unlinked: 'Your account there belongs to nobody here yet. Sign in with a one-time code, then link it.',
  disabled: 'The person whom this account belongs to has no access any more. An admin can give it back.',
  off: 'No sign-in provider is configured. Use a one-time code.',
  confirm: null,
} as const
type Word = keyof typeof WORDS
const isWord = (text: string): text is Word => Object.hasOwn(WORDS, text)
const inFragment = (): Word | null => {
  const found = new URLSearchParams(location.hash.slice(1)).get('oidc')
  return found !== null && isWord(found) ? found : null
}

/** What came of the visit to the provider, `#oidc=…`: taken out of the address, so that it is said once. */
function useWord(): Word | null {
  const [word] = useState(inFragment)
  useEffect(() => {
    if (inFragment() !== null) history.replaceState(null, '', location.pathname + location.search)
  }, [])
  return word
}

const LINK =
  'inline-flex min-h-9 items-center justify-center rounded-md border border-edge bg-surface px-3.5 text-sm font-semibold text-ink hover:bg-sunken'

function Said({ word }: { word: Word | null }): ReactNode {
  const words = word === null ? null : WORDS[word]
  return words === null ? null : (
    <p role="alert" className="rounded-md border border-warn bg-warn-wash px-3 py-2 text-sm">
      {words}
    </p>
  )
}

/** On the page for signing in: what came of the last visit, and the way there. */
export function ProviderSignIn(): ReactNode {
  const word = useWord()
  const provider = useWays()?.provider
  const { path } = usePlace()
  return (
    <>
      <Said word={word} />
      {provider == null ? null : (
        <a className={LINK} href={`${provider.url}?to=${encodeURIComponent(path === '/signin' ? '/' : path)}`}>
          Sign in with {provider.name}
        </a>
      )}
    </>
  )
}

/** Of one's own access: a further account to sign in with. */
export function LinkAccount(): ReactNode {
  const word = useWord()
  const ways = useWays()
  if (ways?.provider == null) return null
  return (
    <Panel
      title={`Sign in with ${ways.provider.name}`}
      note="Link your account there, and it signs you in. A one-time code goes on working."
    >
      <Said word={word} />
      {ways.vouched === null ? null : <Vouched vouched={ways.vouched} />}
      <div>
        <a className={LINK} href={`${ways.provider.url}?for=link`}>
          Link an account…
        </a>
      </div>
    </Panel>
  )
}

/** Shown before it counts: another person may have left this browser signed in there. */
function Vouched({ vouched: { label, linkID } }: { vouched: NonNullable<WaysToSignIn['vouched']> }): ReactNode {
  const client = useQueryClient()
  const link = useMutation({
    mutationFn: () => call<Tie>('POST', '/me/links', { linkID }),
    onSettled: () =>
      Promise.all(
        [waysQuery, accessQuery].map(({ queryKey }) => client.invalidateQueries({ queryKey: [...queryKey] })),
      ),
  })
  return (
    <div className="grid gap-2 rounded-md bg-sunken p-3 text-sm">
      <p>
        The provider vouched for <bdi className="font-semibold break-all">{label}</bdi>. Is that you? Whoever holds that
        account signs in as you from then on.
      </p>
      {link.isError ? <Trouble error={link.error} title="Not linked" /> : null}
      <div>
        <Action look="primary" onPress={() => link.mutate()} busy={link.isPending}>
          Link it to me
        </Action>
      </div>
    </div>
  )
}
