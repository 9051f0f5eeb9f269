import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import type { Intent } from '../../api/wire.ts'
import { useKey } from '../keys.ts'
import { useConnection, useNowMs, usePollMs } from '../live.tsx'
import { Action, Key } from '../parts/action.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Blank, Panel, Skeleton } from '../parts/panel.tsx'
import { Unread } from '../parts/trouble.tsx'
import { meQuery, queueQuery } from '../queries.ts'
import { Link } from '../router.tsx'
import { msOf } from '../time.ts'
import { askInWords, people, yesesOf } from '../words.ts'
import { type Asked, DecideSheets, type Done, type Verb } from './decide.tsx'
import { Deadline } from './deadline.tsx'
import { KeysSheet } from './keys-sheet.tsx'
import { Recent } from './recent.tsx'
import { Request } from './request.tsx'

/** The dialog first gives the focus back to a button that is gone by then. */
const FOCUS_AFTER_MS = 80

/** What waits for a person, the one with the least time first. */
export function QueuePage(): ReactNode {
  const queue = useQuery({ ...queueQuery, refetchInterval: usePollMs() })
  const { data: me } = useQuery(meQuery)
  const nowMs = useNowMs()
  const waiting = [...(queue.data?.items ?? [])].sort((a, b) => (a.decideBy ?? '~').localeCompare(b.decideBy ?? '~'))
  const isOff = (intent: Intent): boolean => (putOffUntilMs(intent, me?.name) ?? 0) > nowMs
  const intents = waiting.filter((intent) => !isOff(intent))
  const putOff = waiting.filter(isOff)
  const [asked, setAsked] = useState<Asked | null>(null)
  const [done, setDone] = useState<Done | null>(null)
  const [help, setHelp] = useState(false)
  const { state } = useConnection()
  const list = useRef<HTMLDivElement>(null)

  const begin = useCallback((verb: Verb, intent: Intent) => setAsked({ verb, intent }), [setAsked])

  const cards = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>('[data-intent]') ?? [])]
  const focused = (): number => cards().findIndex((card) => card.contains(document.activeElement))
  const move = (by: 1 | -1): void => {
    const [all, at] = [cards(), focused()]
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]
    next?.focus()
    next?.scrollIntoView({ block: 'nearest' })
  }
  /** Only what has the focus is acted upon: a letter must never hit a card that was not chosen. */
  const ask = (verb: Verb): void => {
    const intent = intents[focused()]
    if (intent === undefined) return move(1)
    const can = intent.can[verb === 'approve' ? 'approve' : 'decline']
    if (can.ok && state !== 'lost') setAsked({ verb, intent })
  }
  /** The next card takes the place and the focus of the one that was decided. */
  const finish = (what: Done): void => {
    const place = intents.findIndex(({ intentID }) => intentID === what.intent.intentID)
    setAsked(null)
    setDone(what)
    setTimeout(() => {
      const all = cards()
      const next = all[Math.min(Math.max(place, 0), all.length - 1)]
      next?.focus()
    }, FOCUS_AFTER_MS)
  }
  useKey('j', () => move(1))
  useKey('k', () => move(-1))
  useKey('a', () => ask('approve'))
  useKey('d', () => ask('decline'))
  useKey('s', () => ask('snooze'))
  useKey('l', () => ask('reanalyse'))
  useKey('?', () => setHelp(true))

  const current = asked === null ? undefined : waiting.find(({ intentID }) => intentID === asked.intent.intentID)
  return (
    <Page
      title="Awaiting approval"
      aside={
        <div className="pointer-coarse:hidden">
          <Action onPress={() => setHelp(true)}>
            Keys <Key>?</Key>
          </Action>
        </div>
      }
    >
      <Announcer intents={queue.data?.items} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div ref={list} className="grid min-w-0 gap-4">
          <Outcome done={done} />
          <Unread query={queue} what="The queue" />
          {queue.isPending ? (
            <Panel title="Loading">
              <Skeleton what="the queue" lines={6} />
            </Panel>
          ) : null}
          {queue.data !== undefined && waiting.length === 0 ? <Empty /> : null}
          {intents.map((intent) => (
            <Request key={intent.intentID} intent={intent} onBegin={begin} />
          ))}
          <PutOff intents={putOff} name={me?.name} />
          {queue.data?.next == null ? null : <p className="text-sm text-soft">More are waiting; decide these first.</p>}
        </div>
        <Recent />
      </div>
      <DecideSheets asked={asked} current={current} onClose={() => setAsked(null)} onDone={finish} />
      <KeysSheet open={help} onClose={() => setHelp(false)} />
    </Page>
  )
}

/** Says once, politely, that something new waits; counts nothing down aloud. */
function Announcer({ intents }: { intents: readonly Intent[] | undefined }): ReactNode {
  const known = useRef<Set<string> | null>(null)
  const [text, setText] = useState('')
  useEffect(() => {
    if (intents === undefined) return
    const fresh = known.current === null ? [] : intents.filter(({ intentID }) => known.current?.has(intentID) === false)
    known.current = new Set(intents.map(({ intentID }) => intentID))
    if (fresh.length > 0) setText(`Awaiting approval: ${fresh.map(askInWords).join('; ')}`)
  }, [intents])
  return (
    <div role="status" className="sr-only">
      {text}
    </div>
  )
}

/** Until when this person put it off, in ms; null when they did not. What others put off stays in one's own way. */
function putOffUntilMs({ asides }: Intent, name: string | undefined): number | null {
  const last = asides.findLast(({ kind, byName }) => kind === 'snoozed' && byName === name)
  return last?.until == null ? null : msOf(last.until)
}

/** At the end of the queue: put off, and still running out of time. */
function PutOff({ intents, name }: { intents: readonly Intent[]; name: string | undefined }): ReactNode {
  if (intents.length === 0) return null
  return (
    <Panel title="Put off by you">
      <ul className="grid gap-3">
        {intents.map((intent) => {
          const untilMs = putOffUntilMs(intent, name)
          return (
            <li
              key={intent.intentID}
              className="flex flex-wrap items-center justify-between gap-3 border-b border-line pb-3 text-sm last:border-0 last:pb-0"
            >
              <p className="min-w-0">
                <Link
                  to={`/intents/${encodeURIComponent(intent.intentID)}`}
                  className="font-semibold text-accent underline"
                >
                  <bdi>{askInWords(intent)}</bdi>
                </Link>
                {untilMs === null ? null : (
                  <span className="text-soft">
                    {' '}
                    put off until <Moment at={new Date(untilMs).toISOString()} />
                  </span>
                )}
              </p>
              {intent.decideBy === null ? null : (
                <Deadline from={intent.ticket?.refAt ?? intent.receivedAt} until={intent.decideBy} />
              )}
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}

/** What was just done, in a word or two. One yes of several is not the approval. */
function outcome({ verb, answered }: Done): string {
  switch (verb) {
    case 'approve': {
      const { state, requires, votes } = answered
      if (state !== 'AwaitingApproval' || requires === null) return '✓ Approved'
      const left = Math.max(1, requires.quorum - yesesOf(votes))
      return `✓ Your yes is taken, and ${people(left)} more must say so`
    }
    case 'decline':
      return '✓ Declined'
    case 'snooze':
      return '✓ Put off'
    case 'reanalyse':
      return '✓ The agent is asked for another look'
  }
}

/** What was just decided, with the way to follow it. */
function Outcome({ done }: { done: Done | null }): ReactNode {
  return (
    <div role="status" className="empty:hidden">
      {done === null ? null : (
        <p className="rounded-md bg-good-wash px-3 py-2 text-sm">
          <strong className="text-good">{outcome(done)}:</strong> {askInWords(done.intent)}.{' '}
          <Link to={`/intents/${encodeURIComponent(done.intent.intentID)}`} className="text-accent underline">
            Follow it
          </Link>
        </p>
      )}
    </div>
  )
}

function Empty(): ReactNode {
  return (
    <section className="rounded-lg border border-line bg-surface p-5">
      <Blank title="Nothing waits for you.">
        <p>
          Signals from your assistant appear here the moment they arrive. To send one yourself, at the price of now:
        </p>
        <pre
          tabIndex={0}
          className="max-w-full overflow-x-auto rounded-md bg-sunken p-3 font-mono text-xs whitespace-pre-wrap text-ink"
        >
          npx jax-exec signal --symbol AAPL --side BUY
        </pre>
        <p>
          Your assistant sends the same over HTTP: the gateway printed the line when it started, and the{' '}
          <a href="/docs#proposeIntent" className="text-accent underline">
            API reference
          </a>{' '}
          has every field. Its token is in the file <code className="font-mono">agent-token</code> of the data
          directory.
        </p>
      </Blank>
    </section>
  )
}
