import type { ChannelClick, ChannelUser } from '../approvals/evidence.ts'
import type { IntentID } from '../values/brand.ts'
import type { Instant } from '../values/instant.ts'

/**
 * Places where people are told what waits for them, and may answer: Slack, Teams, a webhook. A channel shows and hears;
 * what a click is worth, the house decides.
 */

/** One order as it is shown to whoever may decide. Everything is text, and some of it hostile: a channel escapes all of it. */
export type Card = {
  /** Whose it is: `gateway` of the house that made it. Every button carries it. */
  readonly gateway: string
  readonly intentID: IntentID
  /** Which ticket of the intent: a click on an older one decides nothing. */
  readonly rev: number
  /** What a yes must name, base64url; and its first eight hex digits, the same on every screen. */
  readonly digest: string
  readonly fingerprint: string
  readonly environment: 'paper' | 'live'
  /** `BUY 10 AAPL`. */
  readonly title: string
  /** What decides, in the order in which it is read: `Limit` `187.50 DAY`. */
  readonly facts: readonly { readonly name: string; readonly value: string }[]
  /** Why the proposer wants it, in the proposer's words; null when nothing was said. */
  readonly reasoning: string | null
  readonly state: CardState
  /** The state as a sentence: `Approved by Ana via Slack at 15:13:22Z.` */
  readonly stateText: string
  /** Until when it may be decided; null when it no longer can. */
  readonly decideBy: Instant | null
  /** A yes given here counts. Where it does not, only the page can say yes. */
  readonly takesYes: boolean
  /** The page of this order. */
  readonly url: string
}
/** `waiting` alone has buttons. */
export type CardState = 'waiting' | 'approved' | 'declined' | 'expired' | 'withdrawn' | 'refused' | 'sent' | 'ended'

/** Something that people are called to, until one of them says that they saw it. Text as hostile as that of a card. */
export type Alert = {
  readonly gateway: string
  /** Its task: what the button names. */
  readonly taskID: string
  readonly severity: 'warning' | 'critical'
  readonly environment: 'paper' | 'live'
  /** `FROZEN AAPL`. */
  readonly title: string
  readonly text: string
  /** `waiting` alone has a button; `ended` when somebody has seen or closed it. */
  readonly state: 'waiting' | 'ended'
  readonly stateText: string
  /** The page that lists it. */
  readonly url: string
  /** The chapter that tells what to do: `docs/emergency.md#e1-kill`. */
  readonly runbook: string
}
export const isAlert = (what: Card | Alert): what is Alert => 'taskID' in what
/** What it is kept under in a channel. */
export const keptUnder = (what: Card | Alert): IntentID => (isAlert(what) ? (what.taskID as IntentID) : what.intentID)

/** What came of a click, in words for the person who clicked; `card` is the order as it stands now, where there is one. */
export type Heard =
  | { readonly ok: true; readonly text: string; readonly card: Card | null }
  | { readonly ok: false; readonly code: string; readonly text: string; readonly card: Card | null }

/** What a channel may ask of the gateway. Nothing here is more than the person behind the click may do. */
export interface House {
  /**
   * Tells this gateway from any other, also one that knows an order of the same name: 16 characters of base64url, the same
   * after every start. A click on a card of another one came here by a mistake of the set-up; a channel refuses it.
   */
  readonly gateway: string
  card(intentID: IntentID): Promise<Card | null>
  /**
   * A yes or a no. `digest` may be the first 16 characters, as far as a button holds them; what was shown is `rev`.
   * Never rejects for a wrong click: that is `ok: false` with its reason.
   */
  decide(click: {
    readonly intentID: IntentID
    readonly rev: number
    readonly digest: string
    readonly verdict: 'approve' | 'decline'
    readonly reason: string | null
    readonly by: ChannelClick
  }): Promise<Heard>
  alert(taskID: string): Promise<Alert | null>
  /** Somebody says that they saw it. Never rejects for a wrong click. */
  acknowledge(ask: { readonly taskID: string; readonly by: ChannelClick }): Promise<Heard>
  /** The reason for a no that was given already: it is added to the story, and decides nothing. */
  addReason(ask: { readonly intentID: IntentID; readonly reason: string; readonly by: ChannelClick }): Promise<Heard>
  /** Ties this user to the person who holds the code, made on the signed-in page. */
  link(ask: { readonly code: string; readonly by: ChannelClick }): Promise<Heard>
  /** Stops everything; or only `symbol AAPL` or `strategy trend`, when the reason begins with one that is known here. */
  halt(ask: { readonly reason: string; readonly by: ChannelClick }): Promise<Heard>
  status(by: ChannelUser): Promise<Heard>
  /**
   * True the first time a key is shown, false ever after until `until`, across restarts: a request that was recorded and
   * is played again does nothing.
   */
  once(key: string, until: Instant): Promise<boolean>
}

/** Where a card stands: `conversation` and `message` as the channel names them. */
export type Place = { readonly conversation: string; readonly message: string }

/** What came of showing a card. `later`: try again, after so long when the channel said so; `never`: it cannot work, and why. */
export type Shown =
  | { readonly outcome: 'shown'; readonly place: Place }
  | { readonly outcome: 'later'; readonly afterMs: number | null; readonly text: string }
  | { readonly outcome: 'never'; readonly text: string }

/** A request as it arrived: the bytes before anybody parsed them, and header names in lower case. */
export type Inbound = {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  readonly at: Instant
}
export type Answer = {
  readonly status: number
  readonly type: 'application/json' | 'text/plain'
  readonly body: string
}

export interface Channel {
  readonly name: 'slack' | 'teams' | 'webhook'
  /** Paths below `/channels/` that it listens on, such as `slack/interactive`. */
  readonly routes: readonly { readonly path: string; readonly handle: (request: Inbound) => Promise<Answer> }[]
  /** Posts the card or alert, or puts it right where it stands. Showing the same twice changes nothing that people see. */
  show(card: Card | Alert, place: Place | null): Promise<Shown>
  /** Opens what it listens on by itself, such as a socket; resolves when it first did or gave up. Rejects never. */
  start(): Promise<void>
  stop(): Promise<void>
  /** What is wrong with it now, in words; null when nothing is. */
  trouble(): string | null
}
