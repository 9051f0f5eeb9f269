import {
  type Alert,
  type Answer,
  type Card,
  type Channel,
  type Inbound,
  isAlert,
  type Place,
  type Shown,
} from '../../ports/channel.ts'
import { Fault } from '../../values/fault.ts'
import { sha256Hex } from '../../values/hash.ts'
import { type Instant, plusMs } from '../../values/instant.ts'
import type { Result } from '../../values/result.ts'
import { alertMessageOf, messageOf, whisper } from './card.ts'
import { openClient, type Trouble } from './client.ts'
import { openHandler, type Proof } from './handler.ts'
import { commandIn, interactionIn, parseCommand, parseInteraction, type Said } from './payload.ts'
import { within } from './patience.ts'
import { openPeople } from './people.ts'
import { apiUrlOf, isAllowed, type SlackDeps, type SlackSettings, wrongIn } from './settings.ts'
import { proofOf } from './signature.ts'
import { type Envelope, openSocket } from './socket.ts'

/** Slack wants its answer within three seconds: this leaves the network some. */
const ANSWER_MS = 2500
/** Three times as long as a signature may be old. */
const REMEMBER_MS = 15 * 60_000
/** How long a stop waits for what was begun. */
const SETTLE_MS = 6000

const EMPTY: Answer = { status: 200, type: 'text/plain', body: '' }
const DEAF =
  'The gateway cannot take anything from Slack at the moment, so nothing was done. Try again, or use its page.'
const SLOW = 'This takes longer than usual. What came of it follows here.'

/** Slack, and how a card is shown in another conversation of the same workspace; what is clicked there is heard as well. */
export type Slack = Channel & { readonly showIn: (conversation: string) => Channel['show'] }

/**
 * The Slack channel: cards in one conversation, clicks and commands over signed HTTP, and over Socket Mode when there is an
 * app token.
 * @throws {Fault} `SLACK_SETTINGS` when they cannot work or lead away from Slack; it says which to change.
 */
export function openSlack(settings: SlackSettings, deps: SlackDeps): Slack {
  const apiUrl = apiUrlOf(settings)
  const wrong = wrongIn(settings)
  if (wrong !== null) throw new Fault('SLACK_SETTINGS', wrong)
  const { clock, house, log } = deps
  const { workspace } = settings
  const client = openClient(settings.botToken, apiUrl, deps.fetch)
  const people = openPeople(client, workspace.teamID, clock)
  const turns = new Map<string, Promise<unknown>>()
  const begun = new Set<Promise<void>>()
  let apiTrouble: string | null = null
  let foreign: string | null = null

  /** One change of a message at a time, so that the one asked for last is the one that stays. */
  function inTurn<T>(place: Place, work: () => Promise<T>): Promise<T> {
    const key = `${place.conversation} ${place.message}`
    const turn = (turns.get(key) ?? Promise.resolve()).then(work)
    const over = turn.then(
      () => {},
      () => {},
    )
    turns.set(key, over)
    void over.then(() => turns.get(key) === over && turns.delete(key))
    return turn
  }

  /** Goes on after Slack was answered. */
  function background(work: () => Promise<void>): void {
    const run = work().catch((error: unknown) => {
      log('error', 'What follows a click in Slack failed. The outbox puts the card right.', {
        error: error instanceof Error ? error.message : 'unknown',
      })
    })
    begun.add(run)
    void run.then(() => begun.delete(run))
  }

  async function redraw(intentID: Card['intentID'], card: Card, place: Place): Promise<void> {
    const drawn = await inTurn(place, async () =>
      // Asked again in its turn: the outbox may have drawn a later state since the click.
      client.update(place, messageOf((await house.card(intentID)) ?? card)),
    )
    if (!drawn.ok)
      log('warn', `A card in Slack was not changed after a click; the outbox will. ${drawn.error.text}`, {})
  }

  async function redrawAlert(taskID: string, place: Place): Promise<void> {
    const drawn = await inTurn(place, async () => {
      const alert = await house.alert(taskID)
      return alert && client.update(place, alertMessageOf(alert))
    })
    if (drawn && !drawn.ok)
      log('warn', `An alert in Slack was not changed after a click; the outbox will. ${drawn.error.text}`, {})
  }

  const handler = openHandler({ workspace, house, client, people, log, redraw, redrawAlert })

  /** Why this is not for us; null when it is. */
  function strange(said: Said): { readonly code: string; readonly text: string } | null {
    if (said.appID !== workspace.appID) return { code: 'wrong_app', text: 'The request is for another Slack app.' }
    if (said.teamID !== workspace.teamID || said.enterpriseID !== workspace.enterpriseID)
      return { code: 'wrong_workspace', text: 'The request comes from another Slack workspace.' }
    return null
  }

  /** What Slack is told in time; what is not ready by then follows. */
  async function answered(said: Said, proof: Proof): Promise<object | null> {
    const hearing = handler.hear(said, proof)
    const outcome = await within(clock, ANSWER_MS, hearing, null)
    background(async () => {
      const { after, late } = await hearing
      await after()
      if (outcome === null) await late()
    })
    if (outcome !== null) return outcome.answer
    return said.kind === 'command' ? { response_type: 'ephemeral', ...whisper(SLOW) } : null
  }

  const routes = [
    { path: 'slack/interactive', read: interactionIn },
    { path: 'slack/commands', read: commandIn },
  ].map(({ path, read }) => ({ path, handle: (request: Inbound) => overHttp(request, read) }))

  /** Whether this is the first time; null when the house cannot say. */
  async function isNew(proof: string, at: Instant): Promise<boolean | null> {
    try {
      const fresh = await house.once(`slack:${proof}`, plusMs(at, REMEMBER_MS))
      if (!fresh) log('info', 'A request came from Slack again. It changed nothing.', { code: 'replay' })
      return fresh
    } catch (error) {
      log('error', 'The gateway cannot say which requests it has seen, so it hears none from Slack.', {
        error: error instanceof Error ? error.message : 'unknown',
      })
      return null
    }
  }

  async function overHttp(request: Inbound, read: (body: Uint8Array) => Result<Said, string>): Promise<Answer> {
    const proven = proofOf(request, settings.signingSecrets)
    if (!proven.ok) return refused(proven.error.status, proven.error.code, proven.error.text)
    const said = read(request.body)
    if (!said.ok) return refused(400, 'wrong_payload', `The request cannot be read: ${said.error}.`)
    const no = strange(said.value)
    if (no !== null) return refused(403, no.code, no.text)
    const { proof } = proven.value
    const fresh = await isNew(proof, request.at)
    if (fresh === null) return refused(503, 'unavailable', DEAF)
    if (!fresh) return EMPTY
    const answer = await answered(said.value, { transport: 'http', proof })
    return answer === null ? EMPTY : { status: 200, type: 'application/json', body: JSON.stringify(answer) }
  }

  function refused(status: number, code: string, text: string): Answer {
    log('warn', `A request to the Slack channel was refused. ${text}`, { code })
    return { status, type: 'application/json', body: JSON.stringify({ code, text }) }
  }

  async function overSocket({ ack, envelopeID, payload, type }: Envelope): Promise<void> {
    const said =
      type === 'interactive' ? parseInteraction(payload) : type === 'slash_commands' ? parseCommand(payload) : null
    const no = said?.ok ? strange(said.value) : null
    if (said === null || !said.ok || no !== null || !ENVELOPE_ID.test(envelopeID)) {
      refused(400, no?.code ?? 'wrong_payload', no?.text ?? `A message on the socket cannot be read (${wordOf(type)}).`)
      return ack(null)
    }
    // A click needs no answer but this; the other two are answered in it.
    if (said.value.kind === 'press') await ack(null)
    const proof = sha256Hex(envelopeID)
    const fresh = await isNew(proof, clock.now())
    if (fresh === null && said.value.conversation !== null)
      await handler.tell(said.value.conversation, said.value.userID, DEAF)
    // What is not acknowledged here comes again, and may be taken then.
    if (fresh === null) return
    if (!fresh) return ack(null)
    const answer = await answered(said.value, { transport: 'socket', proof })
    if (said.value.kind !== 'press') await ack(answer)
  }

  const socket =
    settings.appToken === null
      ? null
      : openSocket({
          appToken: settings.appToken,
          apiUrl,
          fetch: deps.fetch,
          allowed: (url) => isAllowed(url, 'ws', settings),
          clock,
          random: deps.random,
          log,
          hear: overSocket,
        })

  function shown(drawn: Result<Place, Trouble>): Shown {
    apiTrouble = drawn.ok ? null : drawn.error.text
    if (drawn.ok) return { outcome: 'shown', place: drawn.value }
    const { afterMs, kind, text } = drawn.error
    return kind === 'later' ? { outcome: 'later', afterMs, text } : { outcome: 'never', text }
  }

  const drawnOf = (what: Card | Alert) => (isAlert(what) ? alertMessageOf(what) : messageOf(what))

  async function post(card: Card | Alert, conversation: string): Promise<Shown> {
    // When the answer is lost the card may stand there all the same, and the outbox posts another. That is harmless: both
    // name the same ticket, which is decided once, and a click on the older one puts it right.
    return shown(await client.post(conversation, drawnOf(card)))
  }

  const showIn = (conversation: string) => async (card: Card | Alert, place: Place | null) => {
    if (foreign !== null) return { outcome: 'never', text: foreign } as const
    if (place === null) return post(card, conversation)
    return inTurn(place, async () => {
      const drawn = await client.update(place, drawnOf(card))
      // Somebody deleted it: what became of the order is still to be seen.
      return !drawn.ok && drawn.error.kind === 'gone' ? post(card, conversation) : shown(drawn)
    })
  }

  return {
    name: 'slack',
    routes: settings.signingSecrets.length === 0 ? [] : routes,
    show: showIn(settings.channelID),
    showIn,
    async start() {
      const found = await client.identify()
      if (!found.ok) apiTrouble = found.error.text
      else if (found.value.teamID !== workspace.teamID || found.value.enterpriseID !== workspace.enterpriseID)
        foreign =
          'The bot token belongs to another Slack workspace than the one in the settings. Nothing is posted there: set the token and the workspace of the same app.'
      await socket?.start()
    },
    async stop() {
      await socket?.stop()
      await within(clock, SETTLE_MS, Promise.all(begun), null)
    },
    trouble: () => foreign ?? socket?.trouble() ?? apiTrouble,
  }
}

const ENVELOPE_ID = /^[\x21-\x7e]{1,200}$/
const wordOf = (type: unknown): string => (typeof type === 'string' && /^[a-z_]{1,40}$/.test(type) ? type : 'unknown')
