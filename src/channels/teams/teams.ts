import type { ChannelClick } from '../../approvals/evidence.ts'
import {
  type Alert,
  type Answer,
  type Card,
  type Channel,
  type Heard,
  type House,
  type Inbound,
  isAlert,
  type Place,
  type Shown,
} from '../../ports/channel.ts'
import { Fault } from '../../values/fault.ts'
import type { Instant } from '../../values/instant.ts'
import { type AdaptiveCard, alertCardOf, cardOf, confirmCardOf, isWhole, summaryOf } from './card.ts'
import { type Log, type Message, openConnector, type Reference, type Sent } from './connector.ts'
import { type Endpoints, endpointsOf } from './hosts.ts'
import { type Activity, type Click, isGuid, readActivity, type Said, saidIn } from './payload.ts'
import { plain } from './text.ts'
import { checkActivity, openKeyRing, proofOf, type Token, verifyToken } from './token.ts'

/**
 * Approvals in Microsoft Teams: one conversation where cards stand, and one address where Teams tells us of clicks and
 * words. Every click is weak evidence (L1): Teams proves who sent a request, and does not sign what is in it.
 */

export type TeamsSettings = {
  /** Of the bot's registration: a GUID. */
  readonly appID: string
  /** The one organisation whose people are heard: a GUID. */
  readonly tenantID: string
  readonly clientSecret: string
  /**
   * Where cards go. Null: where the app was installed last, which anybody may change who may install apps there; name
   * the conversation once it is known.
   */
  readonly conversation: Reference | null
  /** A simulator on this machine instead of Microsoft; null in production. */
  readonly base: string | null
  /** Without it `base` is refused. */
  readonly testEndpoints: boolean
}

/** Keeps where the app was installed last, across restarts. */
export type Memory = {
  get(): Promise<Reference | null>
  put(reference: Reference): Promise<void>
}

export type TeamsDeps = {
  readonly house: House
  readonly memory: Memory
  readonly now: () => Instant
  readonly fetch: typeof fetch
  readonly log: Log
  /** For each call to Microsoft. Default 5 s: a click is answered within a few seconds or looks broken. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
const BODY_BYTES_MAX = 256 * 1024
/** An app is installed by a person; there is no hurry to look whether they did. */
const NO_PLACE_RETRY_MS = 60_000
const SENTENCE_MAX = 400
const LINES_MAX = 40

const HELP =
  'I show orders that wait for a person. Link yourself first: sign in to Jax, ask for a code under your name, and write "link CODE" to me. ' +
  'Then: "status" tells how things stand, and "halt REASON" stops all trading at once; "halt symbol AAPL REASON" and "halt strategy NAME REASON" stop only that.'

/** Teams, and how a card is shown in another conversation there; what is clicked in it is heard as well. */
export type Teams = Channel & { readonly showIn: (conversation: string) => Channel['show'] }

/**
 * @throws {Fault} `TEAMS_SETTINGS` when the settings cannot work. The message says what to change, and holds no secret.
 */
export function openTeams(settings: TeamsSettings, deps: TeamsDeps): Teams {
  const { house, log, memory } = deps
  const endpoints = checked(settings)
  const [appID, tenantID] = [settings.appID.toLowerCase(), settings.tenantID.toLowerCase()]
  const troubles = { keys: null as string | null, posting: null as string | null }
  const connector = openConnector({
    endpoints,
    appID,
    tenantID,
    clientSecret: settings.clientSecret,
    fetch: deps.fetch,
    now: deps.now,
    timeoutMs: deps.timeoutMs ?? TIMEOUT_MS,
    log,
  })
  const keys = openKeyRing(
    endpoints.metadata,
    (url) => connector.read(url),
    (text) => {
      troubles.keys = text
    },
  )

  // ---- what Teams tells us ----

  async function handle(request: Inbound): Promise<Answer> {
    if (request.body.byteLength > BODY_BYTES_MAX) return refused(413, 'TOO_LARGE', 'The activity is too large.')
    const token = await verifyToken(request.headers['authorization'], keys, appID, request.at)
    if (!token.ok) {
      const { code, text } = token.error
      log('warn', 'refused a request to the Teams channel', { code, why: text })
      if (code === 'KEYS_UNREACHABLE') return refused(503, code, 'Nothing was decided; send it again in a moment.')
      return refused(401, code, 'The token is not accepted.')
    }
    const activity = readActivity(new TextDecoder().decode(request.body))
    if (!activity.ok) {
      log('warn', 'refused an activity from Teams', { code: 'MALFORMED', why: activity.error })
      return refused(400, 'MALFORMED', 'The activity cannot be read.')
    }
    const fits = checkActivity(token.value, activity.value, { appID, tenantID }, endpoints.serves)
    if (!fits.ok) {
      log('warn', 'refused an activity from Teams', { code: fits.error.code, why: fits.error.text })
      return refused(403, fits.error.code, 'The activity is not for this bot.')
    }
    const said = saidIn(activity.value)
    try {
      const answer = await heed(said, activity.value, token.value)
      await follow(activity.value)
      return answer
    } catch (thrown) {
      log('error', 'an activity from Teams could not be answered', {
        said: said.kind,
        error: thrown instanceof Error ? thrown.message : 'unknown',
      })
      return said.kind === 'click' || said.kind === 'seen'
        ? failed(500, 'NO_ANSWER', 'Jax could not answer. Look at the order in Jax before you click again.')
        : refused(500, 'NO_ANSWER', 'Jax could not answer.')
    }
  }

  async function heed(said: Said, activity: Activity, token: Token): Promise<Answer> {
    switch (said.kind) {
      case 'nothing':
        return NOTHING
      case 'odd':
        return failed(400, 'ODD_BUTTON', said.text)
      case 'installed':
        if (settings.conversation === null) {
          const reference = placeOf(activity)
          await memory.put(reference)
          log('info', 'cards go to the Teams conversation where the app was installed', reference)
        }
        return NOTHING
      case 'help':
        await say(activity, HELP)
        return NOTHING
      case 'click': {
        // Before anything is remembered or shown: what is asked of another gateway is nothing to this one.
        if (said.click.gateway !== house.gateway) {
          log('warn', 'Teams handed us a click of another gateway; give each gateway a bot of its own', {
            code: 'OTHER_GATEWAY',
          })
          return failed(403, 'OTHER_GATEWAY', OTHER_GATEWAY)
        }
        const who = await person(activity, token, said.click.verb !== 'apr.refresh')
        if (who === 'nobody') return failed(403, 'NOBODY', NOBODY)
        if (who === 'replay') return asItIs(said.click)
        return click(said.click, who)
      }
      case 'seen': {
        if (said.gateway !== house.gateway) return failed(403, 'OTHER_GATEWAY', OTHER_GATEWAY)
        const who = await person(activity, token, true)
        if (who === 'nobody') return failed(403, 'NOBODY', NOBODY)
        if (who === 'replay') return alertAsItIs(said.taskID)
        const heard = await house.acknowledge({ taskID: said.taskID, by: who })
        return heard.ok ? alertAsItIs(said.taskID) : failed(400, heard.code, heard.text)
      }
      case 'link':
      case 'halt':
      case 'status': {
        const who = await person(activity, token, true)
        if (who === 'replay') return NOTHING
        await say(activity, who === 'nobody' ? NOBODY : (await word(said, who)).text)
        return NOTHING
      }
    }
  }

  /** Who it is, as far as Teams proves it. With `once`, the same request again is a replay. */
  async function person(activity: Activity, token: Token, once: boolean): Promise<ChannelClick | 'nobody' | 'replay'> {
    if (activity.user === null || activity.id === null) return 'nobody'
    const proof = proofOf(token, activity.id)
    if (once && !(await house.once(`teams:${proof}`, token.deadAt))) return 'replay'
    return {
      kind: 'channel',
      provider: 'teams',
      tenant: tenantID,
      user: activity.user,
      app: appID,
      conversation: activity.conversation.id,
      message: activity.replyTo,
      transport: 'http',
      proof,
    }
  }

  async function click(click: Click, by: ChannelClick): Promise<Answer> {
    const { intentID, rev, digest, reason } = click
    switch (click.verb) {
      case 'apr.refresh':
        return asItIs(click)
      case 'apr.approve': {
        const card = await house.card(intentID)
        if (card !== null && isAsked(card, click)) {
          if (isWhole(card)) return shown(confirmCardOf(card))
          return failed(400, 'NOT_WHOLE', 'This order has more facts than a card shows. Open it in Jax to approve it.')
        }
        // Not the order that was shown, or none that takes a yes here: the house says why, and writes down that it was asked.
        return answered(await house.decide({ intentID, rev, digest, verdict: 'approve', reason: null, by }))
      }
      case 'apr.confirm':
        return answered(await house.decide({ intentID, rev, digest, verdict: 'approve', reason: null, by }))
      case 'apr.reject':
        return answered(await house.decide({ intentID, rev, digest, verdict: 'decline', reason, by }))
    }
  }

  async function asItIs({ intentID }: Click): Promise<Answer> {
    const card = await house.card(intentID)
    return card === null ? failed(404, 'UNKNOWN', 'Jax does not know this order any more.') : shown(cardOf(card))
  }

  async function alertAsItIs(taskID: string): Promise<Answer> {
    const alert = await house.alert(taskID)
    return alert === null ? failed(404, 'UNKNOWN', 'Jax does not know this alert any more.') : shown(alertCardOf(alert))
  }

  function word(said: Extract<Said, { kind: 'link' | 'halt' | 'status' }>, by: ChannelClick): Promise<Heard> {
    switch (said.kind) {
      case 'link':
        return house.link({ code: said.code, by })
      case 'halt':
        return house.halt({ reason: said.reason, by })
      case 'status':
        return house.status({ provider: by.provider, tenant: by.tenant, user: by.user })
    }
  }

  /** Teams moves conversations between its regions: the address it writes from is the one that works. */
  async function follow(activity: Activity): Promise<void> {
    if (settings.conversation !== null) return
    const here = placeOf(activity)
    try {
      const known = await memory.get()
      if (known?.conversation === here.conversation && known.serviceUrl !== here.serviceUrl) await memory.put(here)
    } catch (thrown) {
      // What was said has been done; the next activity brings the address again.
      log('warn', 'the service address of Teams could not be kept', {
        error: thrown instanceof Error ? thrown.name : '',
      })
    }
  }

  // ---- what we tell people ----

  async function say(activity: Activity, words: string): Promise<void> {
    const to = { serviceUrl: activity.serviceUrl, conversation: activity.conversation.id }
    const lines = words
      .split('\n')
      .slice(0, LINES_MAX)
      .map((line) => plain(line, SENTENCE_MAX))
    logged(await connector.reply(to, { type: 'message', text: lines.join('\n'), textFormat: 'plain' }))
  }

  /** @param conversation null: where cards go as a rule. */
  async function show(card: Card | Alert, place: Place | null, conversation: string | null): Promise<Shown> {
    const home = settings.conversation ?? (await memory.get())
    if (home === null) {
      troubles.posting = NO_PLACE
      return { outcome: 'later', afterMs: NO_PLACE_RETRY_MS, text: NO_PLACE }
    }
    const message = messageOf(card)
    const sent =
      place === null
        ? await connector.post(conversation === null ? home : { ...home, conversation }, message)
        : await connector.put({ ...home, conversation: place.conversation }, place.message, message)
    logged(sent)
    troubles.posting = sent.outcome === 'sent' ? null : sent.text
    if (sent.outcome !== 'sent') return sent
    return { outcome: 'shown', place: { conversation: sent.conversation, message: sent.message } }
  }

  function logged(sent: Sent): void {
    if (sent.outcome !== 'sent') log('warn', 'Teams did not take a message', { outcome: sent.outcome, why: sent.text })
  }

  return {
    name: 'teams',
    routes: [{ path: 'teams/messages', handle }],
    show: (card, place) => show(card, place, null),
    showIn: (conversation) => (card, place) => show(card, place, conversation),
    async start() {
      // Teams comes to us; this tells early when the secret has ended.
      troubles.posting = await connector.knock()
    },
    async stop() {
      connector.close()
    },
    trouble: () => troubles.posting ?? troubles.keys,
  }
}

function checked(settings: TeamsSettings): Endpoints {
  const no = (text: string): never => {
    throw new Fault('TEAMS_SETTINGS', `Teams cannot be used: ${text}`)
  }
  const endpoints = endpointsOf(settings.base, settings.testEndpoints)
  if (!endpoints.ok) return no(endpoints.error)
  for (const [name, value] of [
    ['app id', settings.appID],
    ['tenant id', settings.tenantID],
  ] as const)
    if (!isGuid(value.toLowerCase()))
      no(`the ${name} is not a GUID; copy it from the bot’s registration, such as 00000000-0000-0000-0000-000000000000`)
  if (settings.clientSecret.trim() === '') no('the client secret is empty; make one in the bot’s registration')
  if (settings.conversation && !endpoints.value.serves(settings.conversation.serviceUrl))
    no('the service address of the conversation is none of Microsoft’s, such as https://smba.trafficmanager.net/emea/')
  return endpoints.value
}

/** Exactly what was on the card that was clicked, waiting still, and to be decided here. */
const isAsked = (card: Card, click: Click): boolean =>
  card.state === 'waiting' && card.takesYes && card.rev === click.rev && card.digest.startsWith(click.digest)

const placeOf = ({ serviceUrl, conversation }: Activity): Reference => ({
  serviceUrl,
  // What stands behind the channel's id is the thread in it.
  conversation: conversation.id.split(';')[0] ?? conversation.id,
})

const messageOf = (card: Card | Alert): Message => ({
  type: 'message',
  summary: summaryOf(card),
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: isAlert(card) ? alertCardOf(card) : cardOf(card),
    },
  ],
})

const NOBODY =
  'Teams does not say who you are, so nothing was done. Use an account of your own organisation, or open the order in Jax.'
const OTHER_GATEWAY =
  'Nothing was decided: this card is of another gateway, which shares its Teams bot with the one that heard you. Each gateway needs a bot of its own: docs/approvals.md tells how to make one. Until then decide on the page of the order.'
const NO_PLACE =
  'No Teams conversation is known yet: install the app in the team or chat where orders shall be shown, or name the conversation in the settings.'

// ---- answers to an invoke ----

const NOTHING: Answer = { status: 200, type: 'text/plain', body: '' }
const json = (status: number, body: unknown): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
})
const refused = (status: number, code: string, text: string): Answer => json(status, { error: { code, message: text } })
const shown = (card: AdaptiveCard): Answer =>
  json(200, { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: card })
const failed = (statusCode: number, code: string, text: string): Answer =>
  json(200, {
    statusCode,
    type: 'application/vnd.microsoft.error',
    value: { code, message: plain(text, SENTENCE_MAX) },
  })

function answered(heard: Heard): Answer {
  // Somebody else was faster, or the same person twice: the card tells what is so.
  if (heard.card !== null && (heard.ok || heard.card.state !== 'waiting'))
    return shown(cardOf(heard.card, heard.card.state === 'waiting' ? heard.text : null))
  if (!heard.ok) return failed(400, heard.code, heard.text)
  return json(200, {
    statusCode: 200,
    type: 'application/vnd.microsoft.activity.message',
    value: plain(heard.text, SENTENCE_MAX),
  })
}
