import type { Head, Store } from '../ports/store.ts'
import type { Instant } from '../values/instant.ts'
import { adopt, takeInDifference } from './adopting.ts'
import { acknowledge, closeTask, endSession, issueCode, issueToken, redeemCode, revokeToken } from './access.ts'
import { arm, disarm } from './arming.ts'
import { type Command, commands, type News, type Run, type Setting } from './command.ts'
import { recordCancelSent, requestCancel } from './canceling.ts'
import { beginSend, recordSent, resolve } from './delivery.ts'
import type { Desk } from './desk.ts'
import { recordDrill } from './drilling.ts'
import { finish, postpone } from './errands.ts'
import { escalate } from './escalating.ts'
import { applyReports } from './executions.ts'
import { engageByFile, halt, release } from './halting.ts'
import { decideChange, proposeChange } from './governing.ts'
import { identify } from './identifying.ts'
import { challenged, endLink, enrolPasskey, linkUser, once, revokePasskey } from './identities.ts'
import { approve, decline, lapse, putAside, reprice, size, submit, withdraw } from './intents.ts'
import { closingLines } from './closing.ts'
import { allowMarketOrders, liquidate, startLiquidation, stopLiquidation } from './liquidating.ts'
import { reconcile } from './reconciling.ts'
import { recover, stopped } from './recovering.ts'
import { hear } from './hearing.ts'
import { replace } from './replacing.ts'
import { recordReview } from './reviewing.ts'
import { beginResend } from './resending.ts'
import { linkAccount, openByAccount } from './signing-in.ts'
import { waiverFor } from './waiving.ts'
import { watch, watchCommand } from './watching.ts'
import { limitsNow } from './used.ts'

export type { News, Setting } from './command.ts'

/**
 * The desk of one account over one store.
 *
 * @param now the time a command is decided at; read once per transaction.
 * @param tell hears, after each commit, what it made known and due.
 * @param seal signs a journal head and anchors it outside the database; resolves when that is durable.
 */
export function openDesk(
  store: Store,
  setting: Setting,
  now: () => Instant,
  seal: (head: Head) => Promise<void>,
  tell: (news: News) => void = () => {},
): Desk {
  const bare = commands(store, now, setting, tell)
  const run: Run = (command) =>
    bare(async (c) => {
      const value = await command(c)
      await watchCommand(c)
      return value
    })
  const startedAt = now()
  let sealed = -1
  let unsealedSince: Instant | null = null

  return {
    submit: (ask) => run((c) => submit(c, ask)),
    approve: (ask) => run((c) => approve(c, ask)),
    decline: (ask) => run((c) => decline(c, ask)),
    withdraw: (ask) => run((c) => withdraw(c, ask)),
    reprice: (ask) => run((c) => reprice(c, ask)),
    requestCancel: (ask) => run((c) => requestCancel(c, ask)),
    replace: (ask) => run((c) => replace(c, ask)),
    halt: (ask) => run((c) => halt(c, ask)),
    release: (ask) => run((c) => release(c, ask)),
    startLiquidation: (ask) => run((c) => startLiquidation(c, ask)),
    allowMarketOrders: (ask) => run((c) => allowMarketOrders(c, ask)),
    stopLiquidation: (ask) => run((c) => stopLiquidation(c, ask)),
    closingLines: (symbols) => run((c) => closingLines(c, symbols)),
    limitsNow: () => run(limitsNow),
    putAside: (ask) => run((c) => putAside(c, ask)),
    proposeChange: (ask) => run((c) => proposeChange(c, ask)),
    decideChange: (ask) => run((c) => decideChange(c, ask)),
    arm: (ask) => run((c) => arm(c, ask)),
    disarm: (ask) => run((c) => disarm(c, ask)),
    ask: (challenge) => run((c) => challenged(c, challenge)),
    enrolPasskey: (enrolment) => run((c) => enrolPasskey(c, enrolment)),
    revokePasskey: (ask) => run((c) => revokePasskey(c, ask)),
    linkUser: (ask) => run((c) => linkUser(c, ask)),
    linkAccount: (ask) => run((c) => linkAccount(c, ask)),
    endLink: (ask) => run((c) => endLink(c, ask)),
    once: (key, until) => run((c) => once(c, key, until)),
    recordCard: (channel, intentID, card) =>
      run((c) => (card ? c.tx.put('card', card) : c.tx.remove('card', `${channel}|${intentID}`))),
    acknowledge: (ask) => run((c) => acknowledge(c, ask)),
    closeTask: (ask) => run((c) => closeTask(c, ask)),
    takeIn: (ask) => run((c) => takeInDifference(c, ask)),
    requestReconcile: () => run((c) => c.errand('reconcile', setting.account, 'reconcile')),
    requestFacts: (symbol) => run((c) => c.errand('gather', `symbol:${symbol}`, 'facts')),

    issueCode: (ask) => run((c) => issueCode(c, ask)),
    redeemCode: (ask) => run((c) => redeemCode(c, ask)),
    openByAccount: (ask) => run((c) => openByAccount(c, ask)),
    endSession: (ask) => run((c) => endSession(c, ask)),
    issueToken: (ask) => run((c) => issueToken(c, ask)),
    revokeToken: (ask) => run((c) => revokeToken(c, ask)),

    recordFacts: (facts) =>
      run(async (c) => {
        for (const market of facts.markets) await c.recordMarket(market)
        if (facts.account) await c.recordAccount(facts.account)
      }),
    claim: (owner, limit, leaseMs) => run((c) => c.tx.claim(owner, c.now, c.after(leaseMs), limit)),
    claimSend: (owner, leaseMs, haltFile) => run((c) => claimSend(c, owner, leaseMs, haltFile)),
    finish: (errand) => run((c) => finish(c, errand)),
    postpone: (errand, afterMs, why) => run((c) => postpone(c, errand, afterMs, why)),
    size: (intentID) => run((c) => size(c, intentID)),
    beginSend: (subject, haltFile) => run((c) => beginSend(c, subject, haltFile)),
    beginResend: (clOrdID, haltFile) => run((c) => beginResend(c, clOrdID, haltFile)),
    recordSent: (send, sent) => run((c) => recordSent(c, send, sent)),
    resolve: (clOrdID, found, askedAt) => run((c) => resolve(c, clOrdID, found, askedAt)),
    recordCancelSent: (clOrdID, sent) => run((c) => recordCancelSent(c, clOrdID, sent)),
    applyReports: (reports) => run((c) => applyReports(c, reports)),
    adopt: (orderID, found) => run((c) => adopt(c, orderID, found)),
    notice: (notice) => run((c) => hear(c, notice)),
    lapse: (intentID) => run((c) => lapse(c, intentID)),
    escalate: (intentID) => run((c) => escalate(c, intentID)),
    liquidate: (view) => run((c) => liquidate(c, view)),
    reconcile: (view) => run((c) => reconcile(c, view)),
    watch: (felt) => bare((c) => watch(c, felt, { startedAt, unsealedSince })),
    identify: (identity) => run((c) => identify(c, identity)),
    recover: () => run(recover),
    stopped: () => run(stopped),
    waiverFor: (intentID) => bare((c) => waiverFor(c, intentID)),
    recordReview: (ask) => run((c) => recordReview(c, ask)),
    recordDrill: (held) => run((c) => recordDrill(c, held)),
    async checkpoint() {
      const head = await store.head()
      if (head.size === sealed) return
      unsealedSince ??= now()
      await seal(head)
      unsealedSince = null
      sealed = head.size
    },
  }
}

async function claimSend(c: Command, owner: string, leaseMs: number, haltFile: boolean): ReturnType<Desk['claimSend']> {
  // The worker comes by twice a second even when nothing waits, so the file takes working orders back within that time.
  if (haltFile) await engageByFile(c)
  const [errand] = await c.tx.claim(owner, c.now, c.after(leaseMs), 1, 'send')
  if (!errand) return null
  const send = await beginSend(c, errand.subject, haltFile)
  if (send === 'facts-too-old') return { errand, send: null, settled: false }
  if (!send) await finish(c, errand)
  return { errand, send, settled: true }
}
