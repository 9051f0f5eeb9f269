import type { ChannelClick } from '../../approvals/evidence.ts'
import type { Card, Heard, House, Place } from '../../ports/channel.ts'
import type { IntentID } from '../../values/brand.ts'
import {
  APPROVE,
  locatorIn,
  OPEN,
  REASON_ACTION,
  REASON_BLOCK,
  REASON_LENGTH,
  REASON_VIEW,
  REJECT,
  reasonFor,
  reasonView,
  SEEN,
  seenIn,
  whisper,
} from './card.ts'
import type { SlackClient } from './client.ts'
import type { Command, Press, Said, Submission } from './payload.ts'
import { OUTSIDER, type People, type Standing } from './people.ts'
import type { Log, Workspace } from './settings.ts'
import { plain } from './text.ts'

/** How a request came, and the hash that names it. */
export type Proof = Pick<ChannelClick, 'transport' | 'proof'>
/** What Slack is answered, null for nothing. */
type Outcome = {
  readonly answer: object | null
  /** What is done once it was answered. */
  readonly after: () => Promise<void>
  /** What is done as well when it was answered without waiting for this. */
  readonly late: () => Promise<void>
}

type HandlerDeps = {
  readonly workspace: Workspace
  readonly house: House
  readonly client: SlackClient
  readonly people: People
  readonly log: Log
  /** Draws the order where it stands, as it is by then. */
  readonly redraw: (intentID: IntentID, card: Card, place: Place) => Promise<void>
  readonly redrawAlert: (taskID: string, place: Place) => Promise<void>
}

const VERDICTS: ReadonlyMap<string, 'approve' | 'decline'> = new Map([
  [APPROVE, 'approve'],
  [REJECT, 'decline'],
])
const NOT_OURS =
  'This button is not one of ours, or older than the gateway that heard you, so nothing was decided. Look at the page of the order, and decide there.'
/** Slack hands what is clicked in an app to anybody who listens for it. */
const SHARED =
  'another gateway, which shares its Slack app with the one that heard you. Each gateway needs an app of its own: docs/approvals.md tells how to make one.'
const OTHER_CARD = `Nothing was decided: this card is of ${SHARED} Until then decide on the page of the order.`
const OTHER_WINDOW = `Your reason was not kept: this window is of ${SHARED} Look at the page of the order.`
const NO_REASON = 'Halted from Slack; no reason was given.'
const UNSURE =
  'The gateway could not say whether it took this. Look at the order on its page before you click again; nothing is sent twice.'
const nothing = async (): Promise<void> => {}
const DONE: Outcome = { answer: null, after: nothing, late: nothing }

/** What is done with a request that was proven to be Slack's and is new. Both ways in end here. */
export function openHandler(deps: HandlerDeps) {
  const { client, house, log, people, workspace } = deps
  const tenant = workspace.enterpriseID ?? workspace.teamID

  const clickOf = (said: Said, message: string | null, proof: Proof): ChannelClick => ({
    kind: 'channel',
    provider: 'slack',
    tenant,
    user: said.userID,
    app: said.appID,
    conversation: said.conversation,
    message,
    ...proof,
  })

  /** A fault of the house is nobody's fault who clicked: they are told that it is not known what came of it. */
  async function asked(what: string, work: () => Promise<Heard>): Promise<Heard> {
    try {
      return await work()
    } catch (error) {
      log('error', `The gateway failed while it heard ${what} from Slack.`, {
        error: error instanceof Error ? error.message : 'unknown',
      })
      return { ok: false, code: 'fault', text: UNSURE, card: null }
    }
  }

  async function tell(conversation: string, userID: string, text: string): Promise<void> {
    const told = await client.whisper(conversation, userID, whisper(text))
    if (!told.ok) log('warn', `Somebody in Slack could not be told what came of a click. ${told.error.text}`, {})
  }

  /** What Slack says of this user; the request itself may say enough. */
  async function standingOf({ userID, userTeamID }: Said, fresh: boolean): Promise<Standing> {
    if (userTeamID !== null && userTeamID !== workspace.teamID) return OUTSIDER
    return people.standing(userID, fresh)
  }

  function isOfAnother(gateway: string): boolean {
    if (gateway === house.gateway) return false
    log('warn', 'Slack handed us a click of another gateway. Give each gateway a Slack app of its own.', {
      code: 'wrong_gateway',
    })
    return true
  }

  async function press(said: Press, proof: Proof): Promise<Outcome> {
    const refuse = (text: string): Outcome => ({
      ...DONE,
      after: () => tell(said.conversation, said.userID, text),
    })
    // A link button: the browser is on its way to the page, and Slack says so too.
    if (said.actionID === OPEN) return DONE
    if (said.actionID === SEEN) return seen(said, proof, refuse)
    const verdict = VERDICTS.get(said.actionID)
    const locator = locatorIn(said.value)
    if (verdict === undefined || locator === null) return refuse(NOT_OURS)
    if (isOfAnother(locator.gateway)) return refuse(OTHER_CARD)
    const standing = await standingOf(said, false)
    // A no is the safe direction: it waits for nobody's servers but ours, and the house still asks whether it knows the person.
    if (!standing.ok && (standing.sure || verdict === 'approve')) return refuse(standing.text)
    const place = { conversation: said.conversation, message: said.message }
    const { intentID, rev, digest } = locator
    const heard = await asked('a click', () =>
      house.decide({ intentID, rev, digest, verdict, reason: null, by: clickOf(said, said.message, proof) }),
    )
    return {
      ...DONE,
      async after() {
        // First of all: Slack lets a window be opened for three seconds after the click.
        if (heard.ok && verdict === 'decline') {
          const opened = await client.openView(said.triggerID, reasonView(locator, place))
          if (!opened.ok) log('info', `Nobody could be asked for the reason of a no. ${opened.error.text}`, {})
        }
        if (heard.card) await deps.redraw(intentID, heard.card, place)
        // What the card does not show: why it was not taken, or that one yes is not enough.
        if (!heard.ok || heard.card?.state === 'waiting') await tell(said.conversation, said.userID, heard.text)
      },
    }
  }

  /** Whoever the house knows may say that they saw an alert, also while Slack cannot say who they are. */
  async function seen(said: Press, proof: Proof, refuse: (text: string) => Outcome): Promise<Outcome> {
    const alert = seenIn(said.value)
    if (alert === null) return refuse(NOT_OURS)
    if (isOfAnother(alert.gateway)) return refuse(OTHER_CARD)
    const standing = await standingOf(said, false)
    if (!standing.ok && standing.sure) return refuse(standing.text)
    const { taskID } = alert
    const heard = await asked('a click on an alert', () =>
      house.acknowledge({ taskID, by: clickOf(said, said.message, proof) }),
    )
    return {
      ...DONE,
      async after() {
        await deps.redrawAlert(taskID, { conversation: said.conversation, message: said.message })
        if (!heard.ok) await tell(said.conversation, said.userID, heard.text)
      },
    }
  }

  async function submission(said: Submission, proof: Proof): Promise<Outcome> {
    const about = reasonFor(said.metadata)
    const errors = (text: string): Outcome => ({
      ...DONE,
      answer: { response_action: 'errors', errors: { [REASON_BLOCK]: plain(text, 300) || 'This was not taken.' } },
      // The window is closed by then.
      late: async () => (about ? tell(about.place.conversation, said.userID, text) : undefined),
    })
    const reason = plain(said.values[REASON_BLOCK]?.[REASON_ACTION]?.value ?? '', 4 * REASON_LENGTH.max, 'many')
    if (said.callbackID !== REASON_VIEW || about === null)
      return errors('This window is not one of ours. Close it, and look at the page of the order.')
    if (isOfAnother(about.gateway)) return errors(OTHER_WINDOW)
    if (reason.length < REASON_LENGTH.min || reason.length > REASON_LENGTH.max)
      return errors(`Write ${REASON_LENGTH.min} to ${REASON_LENGTH.max} characters, or close the window.`)
    const standing = await standingOf(said, false)
    if (!standing.ok) return errors(standing.text)
    const heard = await asked('a reason', () =>
      house.addReason({ intentID: about.intentID, reason, by: clickOf(said, null, proof) }),
    )
    if (!heard.ok) return errors(heard.text)
    const { card } = heard
    return card === null ? DONE : { ...DONE, after: () => deps.redraw(about.intentID, card, about.place) }
  }

  async function command(said: Command, proof: Proof): Promise<Outcome> {
    const [, word = '', rest = ''] = /^\s*(\S*)\s*([\s\S]*?)\s*$/.exec(said.text) ?? []
    const by = clickOf(said, null, proof)
    const say = (text: string): Outcome => ({
      ...DONE,
      answer: { response_type: 'ephemeral', ...whisper(text) },
      late: () => tell(said.conversation, said.userID, text),
    })
    const heard = async (what: string, work: () => Promise<Heard>): Promise<Outcome> =>
      say((await asked(what, work)).text)
    switch (word.toLowerCase()) {
      case 'link': {
        if (!/^[A-Za-z0-9_-]{4,64}$/.test(rest))
          return say(
            `Write ${said.command} link CODE, with the code that the page of the gateway shows you when you are signed in.`,
          )
        const standing = await standingOf(said, true)
        return standing.ok ? heard('a link', () => house.link({ code: rest, by })) : say(standing.text)
      }
      case 'halt': {
        const standing = await standingOf(said, false)
        // As a no: whoever the house knows may stop trading, also while Slack cannot say who they are.
        if (!standing.ok && standing.sure) return say(standing.text)
        return heard('a halt', () => house.halt({ reason: plain(rest, REASON_LENGTH.max) || NO_REASON, by }))
      }
      case 'status': {
        const standing = await standingOf(said, false)
        const { provider, user } = by
        return standing.ok ? heard('a question', () => house.status({ provider, tenant, user })) : say(standing.text)
      }
      case '':
      case 'help':
        return say(helpFor(said.command))
      default:
        return say(`"${plain(word, 40)}" is not a command.\n${helpFor(said.command)}`)
    }
  }

  return {
    /** Rejects never. */
    hear(said: Said, proof: Proof): Promise<Outcome> {
      switch (said.kind) {
        case 'press':
          return press(said, proof)
        case 'submission':
          return submission(said, proof)
        case 'command':
          return command(said, proof)
      }
    },
    tell,
  }
}

const helpFor = (command: string): string =>
  [
    `${command} link CODE ties you to the person you are on the page of the gateway, which shows the code.`,
    `${command} status says whether trading goes on, and what waits.`,
    `${command} halt REASON stops trading at once. Only people on the page can release it.`,
    `${command} halt symbol AAPL REASON and ${command} halt strategy NAME REASON stop only that, and withdraw what waits of it.`,
    'Orders that wait are approved and rejected with the buttons on their cards.',
  ].join('\n')
