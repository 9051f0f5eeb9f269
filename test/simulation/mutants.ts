/** Replaces `find`, which must occur exactly once in `file`, by `put`. */
export type Edit = { readonly file: string; readonly find: string; readonly put: string }

/** The promises of the design, and that everything comes to its end. */
export const GUARANTEES = [
  'G1',
  'G2',
  'G3',
  'G4',
  'G5',
  'G6',
  'G7',
  'G8',
  'G9',
  'G10',
  'G11',
  'G12',
  'liveness',
] as const

/** One believable bug. What the code defends twice takes two edits to break. */
export type Mutant = {
  readonly name: string
  readonly guarantee: (typeof GUARANTEES)[number]
  /** As a trader would fear it. */
  readonly about: string
  readonly edits: readonly [Edit, ...Edit[]]
}

/** Puts the edits of `mutant` that are about `file` into its source. @throws when a piece is not there exactly once. */
export function spoil(mutant: Pick<Mutant, 'name' | 'edits'>, file: string, source: string): string {
  return mutant.edits
    .filter((edit) => edit.file === file)
    .reduce((text, { find, put }) => {
      const times = text.split(find).length - 1
      if (times !== 1)
        throw new Error(
          `mutant ${mutant.name}: in ${file} its piece of code stands ${times} times and must stand once. The code has moved on: find its new place.\n${find}`,
        )
      return text.replace(find, () => put)
    }, source)
}

const ACCESS = 'src/desk/access.ts'
const APPROVING = 'src/desk/approving.ts'
const ADOPTING = 'src/desk/adopting.ts'
const CANCELING = 'src/desk/canceling.ts'
const CHECKS = 'src/gate/checks.ts'
const COMMAND = 'src/desk/command.ts'
const COMPARE = 'src/reconcile/compare.ts'
const DECIDE = 'src/approvals/decide.ts'
const DELIVERY = 'src/desk/delivery.ts'
const ERRANDS = 'src/worker/errands.ts'
const EVIDENCE = 'src/gate/evidence.ts'
const EXECUTIONS = 'src/desk/executions.ts'
const EXPOSURE = 'src/gate/exposure.ts'
const GATE = 'src/gate/gate.ts'
const GOVERNING = 'src/desk/governing.ts'
const HALTING = 'src/desk/halting.ts'
const IDENTIFYING = 'src/desk/identifying.ts'
const INTENTS = 'src/desk/intents.ts'
const MACHINE = 'src/orders/machine.ts'
const POSITION = 'src/orders/position.ts'
const PROJECT = 'src/desk/project.ts'
const PROTECTING = 'src/desk/protecting.ts'
const PROTECTION = 'src/orders/protection.ts'
const PROOF = 'src/desk/evidence.ts'
const RECONCILING = 'src/desk/reconciling.ts'
const RECOVERING = 'src/desk/recovering.ts'
const REPLACING = 'src/desk/replacing.ts'
const RESENDING = 'src/desk/resending.ts'
const RULES = 'src/approvals/policy.ts'
const SIZING = 'src/gate/sizing.ts'
const SQLITE = 'src/store/sqlite.ts'
const TABLE = 'src/orders/delivery.ts'
const TRADING_DAY = 'src/desk/trading-day.ts'
const USAGE = 'src/gate/usage.ts'
const WORKER = 'src/worker/worker.ts'

const LOOK_AT_THE_WIRE = 'if (opens && (await haltedNow(h, send)))'
const TAKE_BACK = "if (isOpen(order) && order.asked !== 'Cancel' && (await c.isTakenBack(order)))"
const APPROVAL_AT_THE_WIRE: Edit = {
  file: ERRANDS,
  find: 'return sendBy !== undefined && h.clock.now() > sendBy ?',
  put: 'return false ?',
}
const TRADE = 'return ok(prior ? same(order) : traded(order, report, now))'
const VOTER_AT_THE_SEND = `        !voter.disabled &&
        hasOneOf(APPROVERS, voter) &&`
/** Whoever claims a send that is under way makes it again. */
const SENDS_WHAT_IS_UNDER_WAY: Edit = {
  file: DELIVERY,
  find: 'if (before) return answerLost(c, before)',
  put: `if (before?.delivery === 'Sending') return { kind: 'single', clOrdID: before.clOrdID, order: before.terms }
  if (before) return answerLost(c, before)`,
}

export const MUTANTS: readonly Mutant[] = [
  // --- G1: no order without a valid approval of exactly that order; nothing stands in the way of an exit
  {
    name: 'approval-expired',
    guarantee: 'G1',
    about: 'A yes that is over is still good enough to send.',
    edits: [
      {
        file: DECIDE,
        find: "return sendBy !== null && now <= sendBy ? 'yes' : 'expired'",
        put: "return 'yes'",
      },
      APPROVAL_AT_THE_WIRE,
      {
        file: INTENTS,
        find: "await c.timer('lapse', intent.intentID, intent.corr, plusMs(sendBy, 1))",
        put: "await c.timer('lapse', intent.intentID, intent.corr, plusMs(intent.proposal.expiresAt, 1))",
      },
    ],
  },
  {
    name: 'approval-ends-in-the-queue',
    guarantee: 'G1',
    about: 'An order waits for its turn at the broker, and nobody looks whether its approval has ended meanwhile.',
    edits: [APPROVAL_AT_THE_WIRE],
  },
  {
    name: 'approval-time-of-the-question',
    guarantee: 'G1',
    about: 'An approval may wait for its send as long as the question could wait for an answer.',
    edits: [
      {
        file: INTENTS,
        find: 'const sendBy = plusMs(c.now, executionTtlMs)',
        put: 'const sendBy = plusMs(intent.decideBy, executionTtlMs)',
      },
    ],
  },
  {
    name: 'decided-too-late',
    guarantee: 'G1',
    about: 'A yes counts although the time to decide was over.',
    edits: [
      {
        file: DECIDE,
        find: 'if (pending.decideBy === null || now > pending.decideBy)',
        put: 'if (pending.decideBy === null)',
      },
    ],
  },
  {
    name: 'signal-expired',
    guarantee: 'G1',
    about: 'The signal is over, and its order leaves.',
    edits: [
      {
        file: CHECKS,
        find: "if (expiresAt <= now) refusals.push({ code: 'SIGNAL_EXPIRED', expiresAt, now })",
        put: '',
      },
    ],
  },
  {
    name: 'digest-not-compared',
    guarantee: 'G1',
    about: 'Somebody says yes to the ticket on the screen, and another one is sent.',
    edits: [
      { file: DECIDE, find: 'if (digest !== pending.digest)', put: 'if (false)' },
      { file: DECIDE, find: 'yes.digest === ticketDigest &&', put: '' },
    ],
  },
  {
    name: 'role-not-checked',
    guarantee: 'G1',
    about: 'Whoever is signed in can approve.',
    edits: [
      { file: DECIDE, find: 'if (!hasOneOf(APPROVERS, voter))', put: 'if (false)' },
      { file: DECIDE, find: VOTER_AT_THE_SEND, put: '!voter.disabled &&' },
    ],
  },
  {
    name: 'approver-removed',
    guarantee: 'G1',
    about: 'Somebody loses the right to approve, and what they approved is sent all the same.',
    edits: [{ file: DECIDE, find: VOTER_AT_THE_SEND, put: '' }],
  },
  {
    name: 'self-approval',
    guarantee: 'G1',
    about: 'Whoever proposed an order approves it too.',
    edits: [
      {
        file: DECIDE,
        find: 'if (voter.personID === of.proposerID || voter.personID === of.proposerOwner || voter.personID === of.proposerMaker)',
        put: 'if (false)',
      },
    ],
  },
  {
    name: 'self-approval-through-an-agent',
    guarantee: 'G1',
    about: 'Whoever answers for the agent approves what it proposed.',
    edits: [
      {
        file: DECIDE,
        find: 'if (voter.personID === of.proposerID || voter.personID === of.proposerOwner || voter.personID === of.proposerMaker)',
        put: 'if (voter.personID === of.proposerID)',
      },
    ],
  },
  {
    name: 'drift-ignored',
    guarantee: 'G1',
    about: 'The market has left the price that was approved, and the order goes out.',
    edits: [
      {
        file: GATE,
        find: '? { passed: null, refusals: [], checks, drift: refusals[0] ?? null, soft }',
        put: '? { passed: terms as Passed, refusals: [], checks, drift: null, soft }',
      },
    ],
  },
  {
    name: 'taken-back-and-sent',
    guarantee: 'G1',
    about: 'An approved order is withdrawn in time, and is sent all the same.',
    edits: [
      {
        file: DELIVERY,
        find: "if (intent.state !== 'Approved' || intent.clOrdID || !made || decision?.verdict !== 'approved') return null",
        put: "if (intent.state === 'Lapsed' || intent.clOrdID || !made || !decision) return null",
      },
    ],
  },
  {
    name: 'repeat-without-approval',
    guarantee: 'G1',
    about: 'An unanswered order is offered again when its approval has long ended.',
    edits: [
      {
        file: RESENDING,
        find: "if ((await isApproved(c.tx, intent, ticket, c.now)) !== 'yes') return null",
        put: '',
      },
      { file: RESENDING, find: '...(sendBy !== null && { sendBy })', put: '' },
    ],
  },
  {
    name: 'repeat-on-a-void-yes',
    guarantee: 'G1',
    about:
      'An unanswered order is offered again when whoever said yes to it may not any more, or the policy is another.',
    edits: [
      {
        file: RESENDING,
        find: "if ((await isApproved(c.tx, intent, ticket, c.now)) !== 'yes') return null",
        put: "if ((await isApproved(c.tx, intent, ticket, c.now)) === 'expired') return null",
      },
    ],
  },
  {
    name: 'replacement-under-a-stricter-policy',
    guarantee: 'G1',
    about: 'A change of price that one click asked for is sent when the policy asks for two people by now.',
    edits: [
      {
        file: REPLACING,
        find: 'if (more) return dropped(c, order, `By now it asks for ${inWords(more)}.`)',
        put: '',
      },
    ],
  },
  {
    name: 'replacement-approval-expired',
    guarantee: 'G1',
    about: 'A change of price is sent when whoever asked for it has long given it up.',
    edits: [
      {
        file: REPLACING,
        find: "if (approval === 'expired') return dropped(c, order, 'It was not sent in time.')",
        put: '',
      },
      {
        file: REPLACING,
        find: 'order: passed, reduces: less, sendBy, of }',
        put: 'order: passed, reduces: less, of }',
      },
    ],
  },
  {
    name: 'replacement-by-the-proposer',
    guarantee: 'G1',
    about: 'Whoever proposed an order gives it another price, and nobody else says yes.',
    edits: [
      {
        file: REPLACING,
        find: 'const never = mayVote(proposedBy(intent), voter)',
        put: 'const never = null',
      },
    ],
  },
  {
    name: 'halt-holds-back-stops',
    guarantee: 'G1',
    about: 'What fills in the last moment before a halt stays without its stop.',
    edits: [
      {
        file: DELIVERY,
        find: 'if (!(await exitStillNeeded(c, order, pair))) {',
        put: `if (await c.halted()) return null
  if (!(await exitStillNeeded(c, order, pair))) {`,
      },
    ],
  },
  {
    name: 'no-stop',
    guarantee: 'G1',
    about: 'An entry fills, and no stop is placed.',
    edits: [{ file: PROTECTING, find: 'if (isZero(placeQty)) return\n', put: 'return\n' }],
  },
  {
    name: 'stop-at-another-price',
    guarantee: 'G1',
    about: 'The stop rests where the target should be: it is reached at once.',
    edits: [
      {
        file: PROTECTING,
        find: 'terms: { ...base, ...stopTerms(bracket) },',
        put: 'terms: { ...base, ...stopTerms(bracket), stopPx: bracket.targetPx ?? bracket.stopPx },',
      },
    ],
  },
  {
    name: 'stop-given-up-at-once',
    guarantee: 'G1',
    about: 'The broker says no to a stop once, for a passing reason, and nobody tries again.',
    edits: [
      {
        file: PROTECTING,
        find: 'const NEXT_STOP_MS = [0, 1_000, 5_000]',
        put: 'const NEXT_STOP_MS = [0]',
      },
    ],
  },
  {
    name: 'target-forgotten',
    guarantee: 'G1',
    about: 'The stop goes without the target that was approved with it.',
    edits: [
      {
        file: PROTECTING,
        find: 'if (bracket.targetPx && can.oneCancelsOther) {',
        put: 'if (bracket.targetPx && can.bracket) {',
      },
    ],
  },
  {
    name: 'quorum-ignored',
    guarantee: 'G1',
    about: 'Two people must say yes, and one is enough.',
    edits: [
      { file: INTENTS, find: 'if (countYes(requires, votes, ask.digest) < requires.quorum)', put: 'if (false)' },
      { file: DECIDE, find: '< Math.max(1, requires.quorum)', put: '< 1' },
    ],
  },
  {
    name: 'quorum-not-looked-at-again',
    guarantee: 'G1',
    about: 'One of the two who said yes may not any more, and the order is sent on the word of the other.',
    edits: [{ file: DECIDE, find: '< Math.max(1, requires.quorum)', put: '< 1' }],
  },
  {
    name: 'same-person-counted-twice',
    guarantee: 'G1',
    about: 'One person clicks twice and counts as two.',
    edits: [
      { file: DECIDE, find: 'return new Set(people).size', put: 'return people.length' },
      { file: DECIDE, find: '...yeses.filter(({ by }) => by !== one.by),', put: '...yeses,' },
      { file: INTENTS, find: 'if (await isRepeat(c, intent, ask)) return ok(intent)', put: '' },
    ],
  },
  {
    name: 'votes-kept-over-a-new-ticket',
    guarantee: 'G1',
    about: 'One says yes to the old prices and one to the new, and both count.',
    edits: [
      { file: PROJECT, find: '...(requires && { requires, votes: [] }),', put: '...(requires && { requires }),' },
      { file: DECIDE, find: 'yes.digest === ticketDigest &&', put: '' },
    ],
  },
  {
    name: 'large-orders-ask-for-one',
    guarantee: 'G1',
    about: 'The rule for large orders is never found.',
    edits: [
      {
        file: RULES,
        find: '(notionalAbove === undefined || gt(order.maxNotional, notionalAbove))',
        put: 'notionalAbove === undefined',
      },
    ],
  },
  {
    name: 'old-yes-under-a-new-policy',
    guarantee: 'G1',
    about: 'The policy asks for more since, and a yes of before still sends.',
    edits: [{ file: PROOF, find: '?.policy.version ?? 0) === policyVersion', put: '?.policy.version ?? 0) >= 0' }],
  },
  {
    name: 'unlinked-chat-still-counts',
    guarantee: 'G1',
    about: 'Somebody loses their chat account and unlinks it, and whoever has it still says yes.',
    edits: [
      {
        file: PROOF,
        find: 'link?.personID === personID && link.endedAt === null && link.provider',
        put: 'link?.personID === personID && link.provider',
      },
    ],
  },
  {
    name: 'anybodys-chat-counts',
    guarantee: 'G1',
    about: 'The click of one chat user is taken for the yes of another person.',
    edits: [
      {
        file: PROOF,
        find: 'link?.personID === personID && link.endedAt === null && link.provider',
        put: 'link?.endedAt === null && link.provider',
      },
    ],
  },
  {
    name: 'arming-survives-a-restart',
    guarantee: 'G1',
    about: 'The gateway was restarted, and orders go without a person as before.',
    edits: [{ file: RECOVERING, find: "  await disarmAll(c, 'The gateway was restarted.')\n", put: '' }],
  },
  {
    name: 'arming-survives-a-halt',
    guarantee: 'G1',
    about: 'Trading was halted and released, and orders go without a person as before.',
    edits: [{ file: HALTING, find: "await disarmAll(c, 'Trading was halted.')", put: 'void 0' }],
  },
  {
    name: 'armed-orders-not-counted',
    guarantee: 'G1',
    about: 'Two orders were armed, and all of the day go.',
    edits: [{ file: PROJECT, find: 'count: arming.count + 1', put: 'count: arming.count' }],
  },
  {
    name: 'armed-beyond-its-amount',
    guarantee: 'G1',
    about: 'Small orders were armed, and a large one goes.',
    edits: [{ file: RULES, find: '  !gt(order.maxNotional, arming.maxNotional) &&\n', put: '' }],
  },
  {
    name: 'armed-beyond-its-symbols',
    guarantee: 'G1',
    about: 'One symbol was armed, and orders in all of them go.',
    edits: [{ file: RULES, find: '  arming.symbols.includes(order.symbol) &&\n', put: '' }],
  },
  {
    name: 'armed-without-end',
    guarantee: 'G1',
    about: 'A strategy was armed for a minute, and goes on all day.',
    edits: [
      { file: APPROVING, find: 'c.now > arming.until || ', put: '' },
      { file: PROOF, find: ' || now > arming.until', put: '' },
    ],
  },
  {
    name: 'armed-by-the-proposers-owner',
    guarantee: 'G1',
    about: 'Whoever answers for the agent arms it.',
    edits: [
      {
        file: APPROVING,
        find: "    if (mayVote(proposedBy(intent), await c.tx.get('person', arming.by))) continue\n",
        put: '',
      },
      { file: PROOF, find: 'holds && !isOwn(by)', put: 'holds' },
    ],
  },

  // --- G2: one intent, at most one live order, whatever is lost
  {
    name: 'sent-again-without-an-answer',
    guarantee: 'G2',
    about: 'No answer comes, and the order is sent a second time at once.',
    edits: [
      {
        file: ERRANDS,
        find: 'const sent = held === null ? await sentBy(h.broker, send, mayGo) : null',
        put: `let sent = held === null ? await sentBy(h.broker, send, mayGo) : null
  if (sent?.outcome === 'in-doubt') sent = await sentBy(h.broker, send, mayGo)`,
      },
    ],
  },
  {
    name: 'failure-taken-for-a-no',
    guarantee: 'G2',
    about: 'The connection breaks while an order is sent, and it is shown as rejected.',
    edits: [
      {
        file: ERRANDS,
        find: "return { outcome: 'in-doubt', cause: `the adapter failed while sending:",
        put: "return { outcome: 'rejected', text: `the adapter failed while sending:",
      },
    ],
  },
  {
    name: 'doubt-taken-for-absence',
    guarantee: 'G2',
    about: 'A reply is lost, the order counts as never sent, and somebody is asked for a second one.',
    edits: [
      {
        file: DELIVERY,
        find: "await c.emit('order.in-doubt', about(order), order.corr, { cause: sent.cause })",
        put: `await c.emit('order.absent', about(order), order.corr, { evidence: sent.cause })
        await afterAbsent(c, order)
        break`,
      },
    ],
  },
  {
    name: 'silence-taken-for-proof',
    guarantee: 'G2',
    about: 'One look that finds nothing proves that the order never arrived, and it arrives later.',
    edits: [{ file: DELIVERY, find: 'if (proof === null || waited < proof) {', put: 'if (false) {' }],
  },
  {
    name: 'proof-where-there-is-none',
    guarantee: 'G2',
    about: 'At a broker whose silence proves nothing an order counts as never sent.',
    edits: [
      {
        file: DELIVERY,
        find: 'if (proof === null || waited < proof) {',
        put: 'if (proof !== null && waited < proof) {',
      },
    ],
  },
  {
    name: 'offered-twice-under-one-name',
    guarantee: 'G2',
    about: 'An unanswered order is offered again to a broker that books the same name twice.',
    edits: [
      {
        file: RESENDING,
        find: `    idempotentSubmit &&
    offerAgainAfterMs !== undefined &&
    waitedMs >= offerAgainAfterMs &&`,
        put: '    waitedMs >= (offerAgainAfterMs ?? 1_000) &&',
      },
    ],
  },
  {
    name: 'sent-again-after-a-crash',
    guarantee: 'G2',
    about: 'The power goes out in the middle of a send, and after the start the order is sent again.',
    edits: [
      {
        file: RECOVERING,
        find: 'for (const order of await c.tx.openOrders(c.setting.account)) {',
        put: `for (const order of await c.tx.openOrders(c.setting.account)) {
    if (order.delivery === 'Sending' && order.role === 'Entry') {
      await c.errand('send', order.intentID, order.corr)
      continue
    }`,
      },
      SENDS_WHAT_IS_UNDER_WAY,
    ],
  },
  {
    name: 'lease-ends-before-the-answer',
    guarantee: 'G2',
    about: 'The broker is slow, the work is taken for abandoned, and a second hand sends the order again.',
    edits: [{ file: WORKER, find: 'const LEASE_MS = 60_000', put: 'const LEASE_MS = 250' }, SENDS_WHAT_IS_UNDER_WAY],
  },
  {
    name: 'proposed-twice',
    guarantee: 'G2',
    about: 'The agent repeats a signal whose answer it did not hear, and there are two orders.',
    edits: [
      {
        file: INTENTS,
        find: "const before = await c.tx.get('intent', ask.proposal.intentID)",
        put: 'const before = null',
      },
    ],
  },
  {
    name: 'other-order-under-the-same-name',
    guarantee: 'G2',
    about: 'A signal comes again with another price and is answered as if it were the first one.',
    edits: [{ file: INTENTS, find: 'return fields.length === 0', put: 'return fields.length >= 0' }],
  },
  {
    name: 'change-sent-as-a-second-order',
    guarantee: 'G2',
    about: 'A change of price becomes a second order beside the first.',
    edits: [
      {
        file: ERRANDS,
        find: 'return await broker.replace(send.ref, send.clOrdID, send.order, mayGo)',
        put: 'return await broker.submit(send.clOrdID, send.order, mayGo)',
      },
    ],
  },
  {
    name: 'ghost-left-working',
    guarantee: 'G2',
    about: 'An order that was proven absent turns up after all, and nobody takes it back.',
    edits: [
      {
        file: EXECUTIONS,
        find: "if (isOpen(order)) await cancel(c, order, 'nobody stands for it any more', SYSTEM)",
        put: '',
      },
    ],
  },
  {
    name: 'name-used-again',
    guarantee: 'G2',
    about: 'The second attempt of an order bears the name of the first, which may still arrive.',
    edits: [
      {
        file: DELIVERY,
        find: 'entryID(intent.account, intent.intentID, intent.attempts, ',
        put: 'entryID(intent.account, intent.intentID, 0, ',
      },
    ],
  },
  {
    name: 'late-no-ends-a-live-order',
    guarantee: 'G2',
    about: 'The order is filling, a no comes late, and the order is shown as rejected.',
    edits: [
      {
        file: DELIVERY,
        find: "if (order.delivery === 'Delivered' || isHeld(order)) await contradicted(c, order, sent.text)",
        put: "if (order.delivery === 'Delivered') await contradicted(c, order, sent.text)",
      },
    ],
  },

  // --- G3: what is known is durable before it is acted upon
  {
    name: 'acknowledged-before-the-disk',
    guarantee: 'G3',
    about: 'A click is answered before it is on the disk; the power goes out, and it never happened.',
    edits: [
      {
        file: SQLITE,
        find: 'this.#commit()',
        put: `for (const { command, outcome } of taken) if (outcome.ok) command.settle(outcome)
      await this.#turn()
      this.#commit()`,
      },
    ],
  },
  {
    name: 'send-not-written-down',
    guarantee: 'G3',
    about: 'The order leaves before the book says so; after a crash nobody knows of it.',
    edits: [
      {
        file: DELIVERY,
        find: '  await started(c, order)\n  await watchSent(c, intent)',
        put: '  await watchSent(c, intent)',
      },
      {
        file: TABLE,
        find: "Queued: { SendStarted: 'Sending',",
        put: "Queued: { SendStarted: 'Sending', Accepted: 'Delivered', Rejected: 'Rejected', Unclear: 'InDoubt',",
      },
    ],
  },
  {
    name: 'cut-off-send-taken-for-absent',
    guarantee: 'G3',
    about: 'After a crash in the middle of a send the order counts as never sent, and the broker has it.',
    edits: [
      { file: RECOVERING, find: "await c.emit('order.in-doubt',", put: "await c.emit('order.absent'," },
      { file: RECOVERING, find: "cause: 'The gateway stopped", put: "evidence: 'The gateway stopped" },
    ],
  },
  {
    name: 'cut-off-send-forgotten',
    guarantee: 'G3',
    about: 'After a crash in the middle of a send nobody asks what became of the order.',
    edits: [
      { file: RECOVERING, find: "if (order.delivery === 'Sending') {", put: 'if (false) {' },
      {
        file: RECOVERING,
        find: "if (order.delivery === 'Sending' || order.delivery === 'InDoubt')",
        put: "if (order.delivery === 'InDoubt')",
      },
      {
        file: DELIVERY,
        find: `async function answerLost(c: Command, order: Order): Promise<null> {
  if (order.delivery === 'Sending') {`,
        put: `async function answerLost(c: Command, order: Order): Promise<null> {
  if (false) {`,
      },
    ],
  },

  // --- G4: every fill once
  {
    name: 'fill-counted-twice',
    guarantee: 'G4',
    about: 'The broker says a fill twice, and twice as much is held in the book.',
    edits: [{ file: MACHINE, find: TRADE, put: 'return ok(traded(order, report, now))' }],
  },
  {
    name: 'fill-after-cancel-dropped',
    guarantee: 'G4',
    about: 'A fill crosses a cancel on the wire and is not counted.',
    edits: [
      {
        file: MACHINE,
        find: TRADE,
        put: "return ok(prior || order.phase === 'Canceled' ? same(order) : traded(order, report, now))",
      },
    ],
  },
  {
    name: 'late-fill-frozen-and-not-counted',
    guarantee: 'G4',
    about: 'A fill crosses a cancel on the wire, its symbol is frozen for it, and it is not counted.',
    edits: [
      {
        file: EXECUTIONS,
        find: 'if (applied.value.order === order) return false',
        put: `if (report.execType === 'Trade' && order.phase === 'Canceled') {
    await c.freeze(order.terms.symbol, 'it traded after its end', order.corr)
    return false
  }
  if (applied.value.order === order) return false`,
      },
    ],
  },
  {
    name: 'fill-after-a-no-dropped',
    guarantee: 'G4',
    about: 'The broker fills what it said it had rejected, and the fill is not counted.',
    edits: [
      {
        file: MACHINE,
        find: TRADE,
        put: "return ok(prior || order.phase === 'Rejected' ? same(order) : traded(order, report, now))",
      },
    ],
  },
  {
    name: 'bust-ignored',
    guarantee: 'G4',
    about: 'A trade is taken back, and the book goes on counting it.',
    edits: [
      {
        file: MACHINE,
        find: 'return ok(prior ? amend(',
        put: `if (report.execType === 'TradeCancel' && prior) return ok(same(order))
      return ok(prior ? amend(`,
      },
    ],
  },
  {
    name: 'bust-counted-twice',
    guarantee: 'G4',
    about: 'The broker says twice that a trade is taken back, and it is taken off twice.',
    edits: [
      { file: MACHINE, find: 'if (!prior.live) return same(order)', put: '' },
      {
        file: MACHINE,
        find: '= contribution(before)',
        put: '= contribution(before && { ...before, live: true })',
      },
    ],
  },
  {
    name: 'correction-ignored',
    guarantee: 'G4',
    about: 'The exchange puts the price of a trade right, and the book keeps the wrong one.',
    edits: [
      {
        file: MACHINE,
        find: 'return ok(prior ? amend(',
        put: `if (report.execType === 'TradeCorrect' && prior) return ok(same(order))
      return ok(prior ? amend(`,
      },
    ],
  },
  {
    name: 'older-correction-wins',
    guarantee: 'G4',
    about: 'A price is put right twice, and the first of the two corrections holds.',
    edits: [
      {
        file: MACHINE,
        find: 'a.execID > b.execID : a.transactTime > b.transactTime',
        put: 'a.execID > b.execID : a.transactTime < b.transactTime',
      },
    ],
  },
  {
    name: 'bust-leaves-the-position',
    guarantee: 'G4',
    about: 'A trade is taken back from the order, and the position still holds it.',
    edits: [
      {
        file: PROJECT,
        find: '? positionOf(symbol, await tx.fillsOf({ account: order.account, symbol }))',
        put: "? ((await tx.get('position', symbol)) ?? flat(symbol))",
      },
    ],
  },
  {
    name: 'fee-in-kind-forgotten',
    guarantee: 'G4',
    about: 'The broker keeps some of the coins as its fee, and the book holds all of them.',
    edits: [
      {
        file: POSITION,
        find: "if (e.side === 'Sell' || e.feeQty === undefined) return e.lastQty",
        put: 'return e.lastQty',
      },
    ],
  },
  {
    name: 'fills-of-the-night-lost',
    guarantee: 'G4',
    about: 'What filled while nobody listened is never asked for.',
    edits: [
      {
        file: ERRANDS,
        find: 'h.broker.reportsSince(plusMs(since, -OVERLAP_MS))',
        put: 'h.broker.reportsSince(startedAt)',
      },
    ],
  },
  {
    name: 'gain-with-the-wrong-sign',
    guarantee: 'G4',
    about: 'A gain is shown as a loss.',
    edits: [
      {
        file: POSITION,
        find: '? minus(proceeds, costClosed) : minus(costClosed, proceeds)',
        put: '? minus(costClosed, proceeds) : minus(proceeds, costClosed)',
      },
    ],
  },
  {
    name: 'cost-of-the-first-buy-forgotten',
    guarantee: 'G4',
    about: 'The average price is that of the last buy alone.',
    edits: [
      {
        file: POSITION,
        find: 'cost: plus(p.cost, gross), realizedPnl: p.realizedPnl',
        put: 'cost: gross, realizedPnl: p.realizedPnl',
      },
    ],
  },

  // --- G5: halt wins
  {
    name: 'halt-not-looked-at',
    guarantee: 'G5',
    about: 'Trading is halted, and what was approved before goes out.',
    edits: [
      {
        file: CHECKS,
        find: "(halt ? [{ code: 'TRADING_HALTED', ...halt }] : 'Trading is not halted.')",
        put: "'Trading is not halted.'",
      },
      { file: ERRANDS, find: LOOK_AT_THE_WIRE, put: 'if (false)' },
    ],
  },
  {
    name: 'halt-in-the-last-moment',
    guarantee: 'G5',
    about: 'Trading is halted between the promise to send and the first byte, and the order goes out.',
    edits: [{ file: ERRANDS, find: LOOK_AT_THE_WIRE, put: 'if (false)' }],
  },
  {
    name: 'halt-spares-replacements',
    guarantee: 'G5',
    about: 'Trading is halted, and a resting order is made larger or dearer.',
    edits: [
      {
        file: ERRANDS,
        find: "send.kind === 'replace' && !send.reduces",
        put: 'false',
      },
    ],
  },
  {
    name: 'halt-spares-repeats',
    guarantee: 'G5',
    about: 'Trading is halted, and an unanswered order is offered once more.',
    // A halt asks for the end of what is in doubt, and what is to end is never offered again: only the wire is left.
    edits: [
      {
        file: RESENDING,
        find: "return { kind: 'single', clOrdID: order.clOrdID, order: passed,",
        put: "return { kind: 'single', repeat: true, clOrdID: order.clOrdID, order: passed,",
      },
      { file: ERRANDS, find: LOOK_AT_THE_WIRE, put: 'if (opens && !send.repeat && (await haltedNow(h, send)))' },
    ],
  },
  {
    name: 'halt-file-not-looked-at',
    guarantee: 'G5',
    about: 'The HALT file appears in the last moment, and the order goes out.',
    edits: [{ file: ERRANDS, find: ', what) !== null || h.haltFile()', put: ', what) !== null' }],
  },
  {
    name: 'halt-leaves-orders-working',
    guarantee: 'G5',
    about: 'Trading is halted, and the orders that rest at the broker go on to fill.',
    edits: [
      {
        file: HALTING,
        find: TAKE_BACK,
        put: 'if (false)',
      },
    ],
  },
  {
    name: 'halt-forgets-what-is-in-doubt',
    guarantee: 'G5',
    about: 'A halt cancels what is known to rest, and not the order of which nobody knows.',
    edits: [
      {
        file: HALTING,
        find: TAKE_BACK,
        put: "if (order.delivery === 'Delivered' && isOpen(order) && (await c.isTakenBack(order)))",
      },
    ],
  },
  {
    name: 'part-of-a-halt-ignored',
    guarantee: 'G5',
    about: 'One symbol is halted, and its orders are approved and go out as if only everything could be halted.',
    edits: [
      {
        file: COMMAND,
        find: "return haltOf(statesOf(await this.tx.all('halt')), what)",
        put: "return haltOf(statesOf(await this.tx.all('halt')), ofAll(this.setting.account))",
      },
      {
        file: COMMAND,
        find: 'haltOf(statesOf(halts), stoppable(account, intent.proposal))',
        put: 'haltOf(statesOf(halts), ofAll(account))',
      },
      { file: ERRANDS, find: "(send.kind === 'pair' ? undefined : send.of) ??", put: '' },
    ],
  },
  {
    name: 'worker-knows-only-the-global-halt',
    guarantee: 'G5',
    about: 'One symbol is halted between the promise to send and the first byte, and its order goes out.',
    edits: [{ file: ERRANDS, find: "(send.kind === 'pair' ? undefined : send.of) ??", put: '' }],
  },
  {
    name: 'symbol-halt-leaves-what-waits',
    guarantee: 'G5',
    about: 'A symbol is halted, and what waits of it is there to be approved when the halt is released.',
    edits: [
      {
        file: HALTING,
        find: 'if (isNarrow(scope)) await takeBackWaiting',
        put: "if (scope.startsWith('strategy:')) await takeBackWaiting",
      },
    ],
  },
  {
    name: 'raised-halt-does-not-cancel',
    guarantee: 'G5',
    about: 'A halt is raised to one that takes back what works, and what works goes on to fill.',
    edits: [
      {
        file: HALTING,
        find: "await c.emit('halt.engaged'",
        put: "const was = (await c.tx.get('halt', scope))?.state\n  await c.emit('halt.engaged'",
      },
      { file: HALTING, find: 'if (cancels(halt))', put: 'if (cancels(halt) && !was)' },
    ],
  },
  {
    name: 'lesser-halt-cancels',
    guarantee: 'G8',
    about: 'Somebody halts and says that what works may stay, and it is canceled in their name.',
    edits: [
      { file: HALTING, find: 'if (cancels(halt))', put: 'if (true)' },
      { file: COMMAND, find: 'some((one) => cancels(one) && isStopped', put: 'some((one) => isStopped' },
    ],
  },
  {
    name: 'release-of-a-part-releases-all',
    guarantee: 'G5',
    about: 'One symbol is released, and with it everything that others had halted.',
    edits: [
      {
        file: HALTING,
        find: "await c.emit('halt.released', { type: 'halt', id: scope }, 'halt', { by: person.name, reason, scope }, actor)",
        put: `for (const { scope: id, state: on } of await c.tx.all('halt'))
    if (on) await c.emit('halt.released', { type: 'halt', id }, 'halt', { by: person.name, reason, scope: id }, actor)`,
      },
    ],
  },
  {
    name: 'strategy-halt-leaves-it-armed',
    guarantee: 'G5',
    about: 'A strategy is halted and released, and its orders go without a person as before.',
    edits: [{ file: HALTING, find: "else if (scope.startsWith('strategy:'))", put: 'else if (false)' }],
  },
  {
    name: 'halt-takes-a-no',
    guarantee: 'G5',
    about: 'The broker says "not now" to the cancel of a halt, and nobody asks again.',
    edits: [
      {
        file: CANCELING,
        find: "(await c.isTakenBack(order)) ? 'halt' : null",
        put: 'null',
      },
    ],
  },
  {
    name: 'cancel-given-up',
    guarantee: 'G5',
    about: 'The answer to a cancel is lost, and nobody asks again.',
    edits: [
      {
        file: ERRANDS,
        find: "return { againMs: 500 + backoffMs(errand.attempts + 1, CANCEL_PLAN, h.random()), why: 'not proven canceled yet' }",
        put: "return 'done'",
      },
    ],
  },
  {
    name: 'unknown-order-not-canceled',
    guarantee: 'G5',
    about: 'A cancel overtakes its order, the broker knows no such order, and the order arrives and rests.',
    edits: [
      {
        file: CANCELING,
        find: "if (order.delivery !== 'Delivered') return 'the broker may not have had the order yet'",
        put: "if (order.delivery !== 'Delivered') return null",
      },
    ],
  },

  // --- G6: the gate fails closed
  {
    name: 'stale-quote',
    guarantee: 'G6',
    about: 'The feed stands still, and its last price is traded on.',
    edits: [
      {
        file: EVIDENCE,
        find: "const timely = inTime(quote, quote.at, { of: 'quote', stale: 'QUOTE_STALE', limitMs: policy.quoteAgeMaxMs }, now)",
        put: 'const timely = ok(quote)',
      },
      { file: INTENTS, find: 'fresh(market?.quote?.at, policy.quoteAgeMaxMs) &&', put: 'market?.quote &&' },
    ],
  },
  {
    name: 'stale-account',
    guarantee: 'G6',
    about: 'The account cannot be read, and its figures of long ago are good enough.',
    edits: [
      {
        file: EVIDENCE,
        find: 'return newest.ok ? inTime(account.account, oldest(account.at, account.account.at), rule, now) : newest',
        put: 'return ok(account.account)',
      },
      { file: INTENTS, find: 'fresh(row.at, policy.accountAgeMaxMs) &&', put: '' },
    ],
  },
  {
    name: 'blocked-account',
    guarantee: 'G6',
    about: 'The broker has blocked the account, and orders go out.',
    edits: [{ file: CHECKS, find: "return account.status === 'Active'\n", put: 'return account.status !== null\n' }],
  },
  {
    name: 'unexplained-position',
    guarantee: 'G6',
    about: 'Our book and the broker disagree about what is held, and more is bought.',
    edits: [
      {
        file: EVIDENCE,
        find: 'const explained = gte(brokerQty, bookQty) && lte(brokerQty, plus(bookQty, feeQty))',
        put: 'const explained = true',
      },
    ],
  },
  {
    name: 'closed-market',
    guarantee: 'G6',
    about: 'The market is closed, and the order goes out.',
    edits: [
      {
        file: CHECKS,
        find: 'evidence.session.ok && !evidence.session.value.open',
        put: 'evidence.session.ok && false',
      },
    ],
  },
  {
    name: 'unreadable-halt',
    guarantee: 'G6',
    about: 'The database cannot be read in the moment of a send, and that counts as "not halted".',
    edits: [{ file: ERRANDS, find: "rows === 'unreadable' || haltOf", put: "rows !== 'unreadable' && haltOf" }],
  },
  {
    name: 'facts-from-the-future',
    guarantee: 'G6',
    about: 'Our clock is set back, and every old price looks fresh.',
    edits: [{ file: EVIDENCE, find: 'if (at - now > CLOCK_SKEW_MAX_MS * 1000)', put: 'if (false)' }],
  },

  // --- G7: limits count what is in flight
  {
    name: 'in-flight-not-counted',
    guarantee: 'G7',
    about: 'Two orders are checked against a limit that only one fits, and both go.',
    edits: [{ file: COMMAND, find: 'inFlight: open,', put: 'inFlight: [],' }],
  },
  {
    name: 'unanswered-not-counted',
    guarantee: 'G7',
    about: 'An order that the broker has not answered counts against no limit.',
    edits: [
      {
        file: EXPOSURE,
        find: 'if (order.terms.reduceOnly || order.intentID === own) continue',
        put: "if (order.terms.reduceOnly || order.intentID === own || order.delivery !== 'Delivered') continue",
      },
    ],
  },
  {
    name: 'position-not-counted',
    guarantee: 'G7',
    about: 'The limit on a symbol counts what is ordered and forgets what is held.',
    edits: [{ file: SIZING, find: 'plus(exposure.position, exposure.inFlight)', put: 'exposure.inFlight' }],
  },
  {
    name: 'limits-looked-at-once',
    guarantee: 'G7',
    about: 'Limits are looked at when an order is proposed and not when it is sent.',
    edits: [
      {
        file: CHECKS,
        find: 'if (gt(notional, cap.left)) return',
        put: 'if (!c.approved && gt(notional, cap.left)) return',
      },
    ],
  },
  {
    name: 'open-entries-not-in-the-turnover',
    guarantee: 'G7',
    about: 'What the orders of today may still cost does not count against its turnover.',
    edits: [
      {
        file: TRADING_DAY,
        find: 'return isOpen(order) ? order.maxNotional : filledCost(order, order.maxNotional)',
        put: 'return filledCost(order, order.maxNotional)',
      },
    ],
  },
  {
    name: 'turnover-forgotten-after-a-restart',
    guarantee: 'G7',
    about: 'The gateway is started again, and the turnover of the day begins anew.',
    edits: [
      {
        file: RECOVERING,
        find: '  await openLimits(c)\n',
        put: `  await openLimits(c)
  const day = await c.tx.get('day', 'account')
  if (day) await c.tx.put('day', { ...day, turnover: amt('0.00') })\n`,
      },
      {
        file: RECOVERING,
        find: "import { openLimits } from './limiting.ts'\n",
        put: "import { openLimits } from './limiting.ts'\nimport { amt } from '../values/decimal.ts'\n",
      },
    ],
  },
  {
    name: 'exits-not-counted-as-messages',
    guarantee: 'G7',
    about: 'The stops that are sent count against no limit of messages.',
    edits: [
      {
        file: TRADING_DAY,
        find: "const isSend = row.action === 'order.send-started'",
        put: "const isSend = row.action === 'order.send-started' && order.role === 'Entry'",
      },
    ],
  },
  {
    name: 'cancels-not-counted-as-messages',
    guarantee: 'G7',
    about: 'The cancels that are sent count against no limit of messages.',
    edits: [{ file: TRADING_DAY, find: "isSend || row.action === 'order.cancel-requested'", put: 'isSend' }],
  },
  {
    name: 'trading-day-never-turns',
    guarantee: 'G7',
    about: 'The first day never ends, and its loss and its turnover are counted against all that come.',
    edits: [
      {
        file: TRADING_DAY,
        find: 'day && at < day.until ? day : fresh(at, day)',
        put: 'day ?? fresh(at, day)',
      },
    ],
  },
  {
    name: 'trading-day-turns-each-hour',
    guarantee: 'G7',
    about: 'With each hour the counts of the day begin anew.',
    edits: [
      {
        file: TRADING_DAY,
        find: '    until,\n    opening: null,',
        put: '    until: Math.min(until, (Math.floor(at / 3_600_000_000) + 1) * 3_600_000_000) as Instant,\n    opening: null,',
      },
    ],
  },
  {
    name: 'highest-equity-forgotten-over-night',
    guarantee: 'G7',
    about: 'An order is canceled before the account is read on a new day, and the drawdown begins anew.',
    edits: [{ file: TRADING_DAY, find: 'const begun = openingOf(last)', put: 'const begun = last?.opening ?? null' }],
  },
  {
    name: 'loss-of-the-day-not-looked-at',
    guarantee: 'G7',
    about: 'The account has lost as much as it may on one day, and more is opened.',
    edits: [
      {
        file: USAGE,
        find: 'return began && atLeastZero(minus(began, account.equity))',
        put: 'return began && ZERO',
      },
    ],
  },
  {
    name: 'drawdown-from-the-opening',
    guarantee: 'G7',
    about: 'What was lost before today is forgotten by the limit on the loss since the highest equity.',
    edits: [
      {
        file: USAGE,
        find: 'highEquity && atLeastZero(minus(highEquity, account.equity))',
        put: 'highEquity && atLeastZero(minus(account.cash, account.equity))',
      },
    ],
  },
  {
    name: 'open-entries-are-no-positions',
    guarantee: 'G7',
    about: 'Two orders in two symbols are out, and both fill where one position may be open.',
    edits: [
      {
        file: USAGE,
        find: 'held && count(new Set([...held.symbols, ...entries.symbols]).size)',
        put: 'held && count(new Set(held.symbols).size)',
      },
      {
        file: USAGE,
        find: '[...c.facts.day.held.symbols, ...c.exposure.value.entries.symbols].includes(symbol)',
        put: 'c.facts.day.held.symbols.includes(symbol)',
      },
    ],
  },
  {
    name: 'gross-exposure-of-positions-alone',
    guarantee: 'G7',
    about: 'What is ordered does not count against the gross exposure.',
    edits: [
      {
        file: USAGE,
        find: 'plus(plus(held.long, held.short), plus(entries.buys, entries.sells))',
        put: 'plus(held.long, held.short)',
      },
    ],
  },
  {
    name: 'share-of-a-symbol-without-its-orders',
    guarantee: 'G7',
    about: 'What is ordered in a symbol does not count against its share of the equity.',
    edits: [
      {
        file: USAGE,
        find: 'limit: ofCapital,\n    before: ({ exposure }: Known) => plus(exposure.position, exposure.inFlight),',
        put: 'limit: ofCapital,\n    before: ({ exposure }: Known) => exposure.position,',
      },
    ],
  },
  {
    name: 'restricted-symbol-traded',
    guarantee: 'G7',
    about: 'A symbol is restricted, and an order in it goes out.',
    edits: [{ file: CHECKS, find: 'return limits.lists.restricted.includes(symbol)\n', put: 'return false\n' }],
  },
  {
    name: 'repeats-counted-per-intent',
    guarantee: 'G7',
    about: 'A strategy enters the same symbol again and again, and each time it counts as the first.',
    edits: [
      {
        file: TRADING_DAY,
        find: 'null : keyOf(strategyID, symbol, side)',
        put: 'null : keyOf(intentID, symbol, side)',
      },
    ],
  },
  {
    name: 'risk-limits-looked-at-once',
    guarantee: 'G7',
    about: 'Risk limits are looked at when an order is proposed and not when it is sent.',
    edits: [
      {
        file: DELIVERY,
        find: '    await c.rulesFor(intent.intentID),\n    c.now,\n  )\n',
        put: '    c.setting.policy,\n    c.now,\n  )\n',
      },
    ],
  },
  {
    name: 'soft-limit-ignored',
    guarantee: 'G7',
    about: 'An order is beyond a soft limit, and a click lets it go.',
    edits: [
      { file: INTENTS, find: 'surer(requirementOf(approvals, order), soft)', put: 'requirementOf(approvals, order)' },
      { file: DELIVERY, find: 'isBeyondMore(intent.requires ?? ONE_CLICK, soft)', put: 'false' },
    ],
  },
  {
    name: 'soft-limit-looked-at-once',
    guarantee: 'G7',
    about: 'Two orders get a click each, and together they are beyond a soft limit when they go.',
    edits: [{ file: DELIVERY, find: 'isBeyondMore(intent.requires ?? ONE_CLICK, soft)', put: 'false' }],
  },
  {
    name: 'loosened-limits-in-force-at-once',
    guarantee: 'G7',
    about: 'Limits are loosened for the trade of the moment.',
    edits: [
      {
        file: GOVERNING,
        find: 'const from = effectiveFrom(what.before, what.after, c.now)',
        put: 'const from = null',
      },
    ],
  },
  {
    name: 'buying-power-spent-twice',
    guarantee: 'G7',
    about: 'What was ordered a moment ago is still counted as buying power.',
    edits: [{ file: EXPOSURE, find: 'reserved = plus(reserved, cost(mayHave))', put: '' }],
  },

  // --- G8: nothing changes unseen
  {
    name: 'chain-linked-wrongly',
    guarantee: 'G8',
    about: 'Two changes share a commit, and the second one does not point to the first.',
    edits: [{ file: SQLITE, find: 'prev: last.hash,', put: 'prev: this.#committed.hash,' }],
  },
  {
    name: 'journal-goes-back-in-time',
    guarantee: 'G8',
    about: 'The clock is set back, and the journal looks as if somebody had tampered with it.',
    edits: [{ file: SQLITE, find: 'ts: same && now < last.ts ? last.ts : now,', put: 'ts: now,' }],
  },
  {
    name: 'halt-not-in-the-journal',
    guarantee: 'G8',
    about: 'The screen says halted, and the journal does not say by whom.',
    edits: [
      {
        file: HALTING,
        find: "await c.emit('halt.engaged', { type: 'halt', id: scope }, 'halt', halt, actor)",
        put: "await c.tx.put('halt', { scope, state: { ...halt, since: c.now } })",
      },
    ],
  },
  {
    name: 'cancel-not-in-the-journal',
    guarantee: 'G8',
    about: 'An order is being canceled, and the journal does not say who wanted that.',
    edits: [
      {
        file: CANCELING,
        find: "await c.emit('order.cancel-requested', about(order), order.corr, { why }, actor)",
        put: "await c.tx.put('order', { ...order, asked: 'Cancel' })",
      },
    ],
  },
  {
    name: 'approval-without-a-name',
    guarantee: 'G8',
    about: 'The journal says that an order was approved, and that the gateway did it.',
    edits: [
      {
        file: INTENTS,
        find: "await c.emit('intent.approved', about(intent), intent.corr, { decision, sendBy }, actor)",
        put: "await c.emit('intent.approved', about(intent), intent.corr, { decision, sendBy })",
      },
    ],
  },
  {
    name: 'halt-in-anothers-name',
    guarantee: 'G8',
    about: 'One person halts, and the journal says that it was another.',
    edits: [
      {
        file: HALTING,
        find: 'await engage(c, { by: person?.name ?? actor.id, reason, scope, level }, actor)',
        put: "await engage(c, { by: 'ana', reason, scope, level }, { ...actor, id: 'ana' })",
      },
    ],
  },
  {
    name: 'cancel-in-anothers-name',
    guarantee: 'G8',
    about: 'One person cancels an order, and the journal says that it was another.',
    edits: [
      {
        file: CANCELING,
        find: "await cancel(c, order, 'asked for', ask.actor)",
        put: "await cancel(c, order, 'asked for', { ...ask.actor, id: 'rik' })",
      },
    ],
  },
  {
    name: 'new-ticket-in-a-persons-name',
    guarantee: 'G8',
    about: 'The gateway makes a new ticket by itself, and the journal says that somebody wanted it.',
    edits: [{ file: DELIVERY, find: "await ticket(c, intent, 'drifted')", put: "await ticket(c, intent, 'repriced')" }],
  },
  {
    name: 'no-forgotten',
    guarantee: 'G8',
    about: 'Somebody says no and is told that it counts, and the order can still be approved.',
    edits: [
      {
        file: INTENTS,
        find: 'const no = mayDecline(intent.state, person.voter)\n  if (no) return said(no)',
        put: 'const no = mayDecline(intent.state, person.voter)\n  if (no) return said(no)\n  if (ask.actor) return ok(intent)',
      },
    ],
  },
  {
    name: 'cancel-forgotten',
    guarantee: 'G8',
    about: 'Somebody cancels an order and is told that it is done, and the order works on.',
    edits: [
      {
        file: CANCELING,
        find: "await cancel(c, order, 'asked for', ask.actor)",
        put: 'await c.tx.get("halt", "global")',
      },
    ],
  },
  {
    name: 'halt-called-a-failure',
    guarantee: 'G8',
    about: 'Trading is halted, and whoever asked for that is told that they may not.',
    edits: [
      {
        file: HALTING,
        find: 'level }, actor)\n  return ok(null)',
        put: "level }, actor)\n  return deny('NOT_ELIGIBLE', 'You may not.')",
      },
    ],
  },
  {
    name: 'called-halted-while-it-trades',
    guarantee: 'G5',
    about: 'Somebody halts and is told that trading is halted already, and it is not.',
    edits: [{ file: HALTING, find: 'if (before && !isHigher(level, before.level)) return', put: 'if (reason) return' }],
  },

  // --- G9: paper and live never meet
  {
    name: 'other-account',
    guarantee: 'G9',
    about: 'The key of another account is put in, and its trades are mixed with ours.',
    edits: [
      {
        file: IDENTIFYING,
        find: 'return same ? ok(null) : err({ account: known.account, identity: known })',
        put: 'return ok(null)',
      },
    ],
  },
  {
    name: 'live-account-on-paper',
    guarantee: 'G9',
    about: 'The broker says that the account is a live one, and a paper gateway sends to it.',
    edits: [
      {
        file: CHECKS,
        find: 'if (!account.startsWith(`${home}:`)) refusals',
        put: 'if (false) refusals',
      },
      {
        file: CHECKS,
        find: 'if (approved && approved.account !== account)',
        put: 'if (false)',
      },
    ],
  },

  // --- G10: the books are compared
  {
    name: 'positions-not-compared',
    guarantee: 'G10',
    about: 'The broker holds something else than our book, and nobody is told.',
    edits: [{ file: COMPARE, find: '    ...positions(here, there),\n', put: '' }],
  },
  {
    name: 'strangers-not-seen',
    guarantee: 'G10',
    about: 'An order of other hands rests at the broker, and nobody is told.',
    edits: [
      {
        file: COMPARE,
        find: 'return ours ? disagreements(ours, theirs) : external(theirs)',
        put: 'return ours ? disagreements(ours, theirs) : []',
      },
    ],
  },
  {
    name: 'frozen-in-place-of-asking',
    guarantee: 'G10',
    about:
      'An order that is missing at the broker is not asked for: its symbol is frozen, and it stays open in our book.',
    edits: [
      {
        file: RECONCILING,
        find: `        await c.errand('resolve', difference.clOrdID, 'reconcile')
        // A leg`,
        put: `        await c.freeze(difference.symbol, difference.text, 'reconcile')
        // A leg`,
      },
    ],
  },
  {
    name: 'strangers-not-taken-in',
    guarantee: 'G10',
    about: 'An order of other hands is looked at and left out of the book.',
    edits: [{ file: ADOPTING, find: 'await takeIn(c, there)\n', put: "return 'done'\n" }],
  },
  {
    name: 'never-frozen',
    guarantee: 'G10',
    about: 'What cannot be explained is noticed, and trading in it goes on.',
    edits: [
      {
        file: RECONCILING,
        find: "if (lasting.has(difference.text) && !moving) await c.freeze(difference.symbol, difference.text, 'reconcile')",
        put: 'if (lasting.has(difference.text) && !moving) void 0',
      },
    ],
  },
  {
    name: 'frozen-symbol-traded',
    guarantee: 'G10',
    about: 'A symbol is frozen, and an order in it goes out.',
    edits: [
      {
        file: CHECKS,
        find: 'freeze: ({ facts: { freeze }, proposal: { symbol } }) =>',
        put: 'freeze: ({ proposal: { symbol } }, freeze = null) =>',
      },
    ],
  },
  {
    name: 'thawed-by-nobody',
    guarantee: 'G10',
    about: 'A frozen symbol is traded again before anybody has looked at it.',
    edits: [{ file: RECONCILING, find: 'if (task && task.doneAt === null) continue', put: '' }],
  },
  {
    name: 'compared-once',
    guarantee: 'G10',
    about: 'The books are compared at the start and never again.',
    edits: [
      {
        file: ERRANDS,
        find: 'return { againMs: h.deaf?.() ? DEAF_MS : RECONCILE_MS,',
        put: "if (result) return 'done'\n  return { againMs: RECONCILE_MS,",
      },
    ],
  },
  {
    name: 'overfill-unnoticed',
    guarantee: 'G10',
    about: 'The broker fills more than was ordered, and trading in it goes on.',
    edits: [{ file: EXECUTIONS, find: "if (applied.value.alarm === 'OVERFILL')", put: 'if (false)' }],
  },
  {
    name: 'released-unreconciled',
    guarantee: 'G10',
    about: 'A halt is released although the books differ.',
    edits: [
      {
        file: HALTING,
        find: 'const why = unreconciled(run, state)',
        put: 'const why = run && state ? null : unreconciled(run, state)',
      },
    ],
  },
  {
    name: 'released-on-an-old-comparison',
    guarantee: 'G10',
    about: 'A halt is released because the books agreed before it.',
    edits: [
      {
        file: HALTING,
        find: 'if (!run || run.at < since) return',
        put: 'if (!run) return',
      },
    ],
  },
  {
    name: 'comparison-blind-after-a-clock-was-set-back',
    guarantee: 'G10',
    about: 'The clock is set back, and until it catches up no report is asked for.',
    edits: [
      {
        file: ERRANDS,
        find: 'const since = last?.clean && last.at < startedAt ? last.at : earliest(open, startedAt)',
        put: 'const since = last?.clean ? last.at : earliest(open, startedAt)',
      },
    ],
  },

  // --- G11: the agent proposes, and no more
  {
    name: 'agent-approves',
    guarantee: 'G11',
    about: 'The agent approves what it proposed.',
    edits: [
      {
        file: DECIDE,
        find: "if (!voter) return no('NOT_ELIGIBLE', 'Only a signed-in person can approve;",
        put: "if (!voter) return null\n  if (!voter) return no('NOT_ELIGIBLE', 'Only a signed-in person can approve;",
      },
      {
        file: DECIDE,
        find: `        voter?.personID === yes.by &&
        !voter.disabled &&
        hasOneOf(APPROVERS, voter) &&`,
        put: '(voter === null || (voter.personID === yes.by && !voter.disabled && hasOneOf(APPROVERS, voter))) &&',
      },
    ],
  },
  {
    name: 'agent-releases',
    guarantee: 'G11',
    about: 'The agent starts trading again after a halt.',
    edits: [
      {
        file: HALTING,
        find: 'if (!person || person.disabled || !RELEASERS.some((role) => person.roles.some((r) => r === role)))',
        put: 'if (false)',
      },
      {
        file: HALTING,
        find: '{ by: person.name, reason, scope }',
        put: '{ by: actor.id, reason, scope }',
      },
    ],
  },
  {
    name: 'agent-takes-in',
    guarantee: 'G11',
    about: 'The agent explains a difference away and takes the broker’s count for ours.',
    edits: [
      {
        file: ADOPTING,
        find: 'if (!person || person.disabled || !EXPLAINERS.some((role) => person.roles.some((r) => r === role)))',
        put: 'if (false)',
      },
    ],
  },
  {
    name: 'limits-tightened-by-anybody',
    guarantee: 'G11',
    about: 'Somebody who may only look on sets limits under which nothing goes any more.',
    edits: [
      {
        file: GOVERNING,
        find: "onlyTakesAway(what) ? TIGHTENERS : ['risk']",
        put: "onlyTakesAway(what) ? [...TIGHTENERS, 'auditor', 'trader'] : ['risk']",
      },
    ],
  },
  {
    name: 'agent-withdraws-for-others',
    guarantee: 'G11',
    about: 'An agent takes back what another one proposed.',
    edits: [{ file: INTENTS, find: "if (!own && ask.actor.type !== 'person')", put: 'if (false)' }],
  },
  {
    name: 'agent-reprices',
    guarantee: 'G11',
    about: 'The agent changes the ticket under the hand that is about to approve it.',
    edits: [
      {
        file: INTENTS,
        find: "if (ask.actor.type !== 'person') return deny('NOT_ELIGIBLE', 'Only a signed-in person can ask for a new ticket.')",
        put: '',
      },
    ],
  },
  {
    name: 'agent-closes-tasks',
    guarantee: 'G11',
    about: 'The agent closes the task that keeps a symbol frozen.',
    edits: [
      {
        file: ACCESS,
        find: "if (ask.actor.type !== 'person') return deny('NOT_ELIGIBLE', 'Only a signed-in person can close a task.')",
        put: '',
      },
    ],
  },

  // --- G12: exact decimals
  {
    name: 'amounts-in-floats',
    guarantee: 'G12',
    about: 'What an order has cost is off by a fraction of a cent, and so is its average price.',
    edits: [
      { file: MACHINE, find: '  type Decimal,\n  gt,', put: '  type Decimal,\n  dec,\n  text as textOf,\n  gt,' },
      {
        file: MACHINE,
        find: '[e.lastQty, times(e.lastQty, e.lastPx),',
        put: '[e.lastQty, dec(String(Number(textOf(e.lastQty)) * Number(textOf(e.lastPx)))),',
      },
    ],
  },
  {
    name: 'position-in-floats',
    guarantee: 'G12',
    about: 'After three small fills the position is 0.30000000000000004.',
    edits: [
      { file: POSITION, find: '  type Decimal,\n  gt,', put: '  type Decimal,\n  dec,\n  text,\n  gt,' },
      {
        file: POSITION,
        find: 'const netQty = plus(p.netQty, signed)',
        put: 'const netQty = dec(String(Number(text(p.netQty)) + Number(text(signed))))',
      },
    ],
  },

  // --- everything comes to its end
  {
    name: 'doubt-looked-into-once',
    guarantee: 'liveness',
    about: 'Nobody knows whether the broker has an order, and after one look nobody asks again.',
    edits: [
      {
        file: ERRANDS,
        find: "if (said === 'still-in-doubt')",
        put: "if (said === 'still-in-doubt') return 'done'\n  if (false)",
      },
    ],
  },
  {
    name: 'failed-work-forgotten',
    guarantee: 'liveness',
    about: 'The broker cannot be asked for a moment, and the question is dropped.',
    edits: [
      {
        file: ERRANDS,
        find: 'outcome = { againMs: 250 + backoffMs(errand.attempts + 1, READ_AGAIN_PLAN, h.random()), why: String(thrown) }',
        put: "outcome = 'done'",
      },
    ],
  },
  {
    name: 'work-dropped-by-its-old-holder',
    guarantee: 'liveness',
    about: 'Something is asked for again while it is being done, and whoever is done drops both.',
    edits: [
      {
        file: 'src/desk/errands.ts',
        find: "if (await holds(c, errand)) await c.tx.remove('errand', keyOf(errand))",
        put: "await c.tx.remove('errand', keyOf(errand))",
      },
    ],
  },
  {
    name: 'question-without-end',
    guarantee: 'liveness',
    about: 'Nobody decides in time, and the order waits for ever.',
    edits: [
      {
        file: INTENTS,
        find: "await c.timer('lapse', intent.intentID, intent.corr, plusMs(decideBy, 1))",
        put: '',
      },
    ],
  },
  {
    name: 'ended-there-and-open-here',
    guarantee: 'liveness',
    about: 'The broker lists an order as ended without a word how, and in our book it is open for ever.',
    edits: [
      {
        file: DELIVERY,
        find: 'if (!found.order.open) await endedThere(c, clOrdID, found.order, askedAt)',
        put: '',
      },
    ],
  },
  {
    name: 'clock-set-back-puts-work-off',
    guarantee: 'liveness',
    about: 'The clock is set back by hours, and for hours nobody asks the broker.',
    edits: [{ file: RECONCILING, find: '  await hurry(c)\n', put: '' }],
  },
  {
    name: 'exits-not-taken-off',
    guarantee: 'liveness',
    about: 'The target sells a part, and the stop stays as large as it was.',
    edits: [
      {
        file: PROTECTION,
        find: 'lessAtLeastZero(sum(entries.map(movedBy)), sum(exits.map(movedBy)))',
        put: 'sum(entries.map(movedBy))',
      },
    ],
  },
  {
    name: 'surplus-stop-left',
    guarantee: 'liveness',
    about: 'A trade is taken back, and the stop sells more than is held.',
    edits: [
      {
        file: PROTECTION,
        find: 'excess: unanswered ? [] : surplus(stops, lessAtLeastZero(coveredQty, heldQty)),',
        put: 'excess: [],',
      },
    ],
  },
  {
    name: 'second-stop-while-unanswered',
    guarantee: 'liveness',
    about: 'The answer to a stop is slow, and a second one is placed beside it.',
    edits: [
      {
        file: PROTECTION,
        find: 'const coveredQty = sum(stops.map(leavesQty))',
        put: "const coveredQty = sum(stops.filter((o) => o.delivery === 'Delivered').map(leavesQty))",
      },
      { file: PROTECTION, find: 'const missing = unanswered || unwinding ?', put: 'const missing = unwinding ?' },
    ],
  },
  {
    name: 'stop-for-what-is-gone',
    guarantee: 'liveness',
    about: 'A stop waits to be sent while its position ends, and is sent: filled, it opens the other side.',
    edits: [
      {
        file: PROTECTING,
        find: "return !gt(exit.terms.orderQty, exit.role === 'Stop' ? uncovered : heldQty)",
        put: 'return true',
      },
    ],
  },
  {
    name: 'target-left-behind',
    guarantee: 'liveness',
    about: 'Nothing is held any more, and the target still rests: filled, it opens the other side.',
    edits: [
      {
        file: PROTECTING,
        find: 'if (isZero(heldQty)) await cancelOrphans(c, orders)',
        put: 'if (isZero(heldQty)) void 0',
      },
    ],
  },
]

/** Bugs that a thousand worlds do not notice yet, and what it would take: each is a hole that somebody knows of. */
export const NOT_YET: Readonly<Record<string, string>> = {
  'role-not-checked': 'a person without an approving role who says yes',
  'other-order-under-the-same-name': 'an order that differs only where the body does not say so',
  'agent-reprices': 'an agent that tries to re-price',
  'agent-closes-tasks': 'an agent that tries to close a task',
  'signal-expired':
    'an outage right after the yes to a signal that is about to expire; one of 1,000 worlds has it at best',
  'replacement-under-a-stricter-policy': 'a change of the policy just when a replacement is asked for and not sent yet',
  'halt-spares-replacements': 'a halt just when a replacement is on its way',
  'halt-spares-repeats': 'a halt just when a repeat is on its way',
  'halt-file-not-looked-at': 'the HALT file just when an order is on its way',
  'unreadable-halt': 'reads of the store that fail for a moment',
  'unknown-order-not-canceled':
    'a cancel that reaches the broker before its order does; one of 1,000 worlds has it at best',
  'agent-takes-in': 'an agent that asks to take a difference in just while one stands',
  'ghost-left-working': 'an entry that counted as gone must not be open at the end',
  'late-no-ends-a-live-order': 'a no after reports that say the order is held must be told from a first no',
  'overfill-unnoticed': 'an order that is overfilled at the broker must have its task',
  'other-account': 'a write while the keys open another account must be refused by the oracle, not only by the start',
  'buying-power-spent-twice': 'an account with little buying power',
  'live-account-on-paper': 'a broker that says it is live',
  'stale-account': 'account reads that fail alone for longer than their age limit, while quotes go on',
  'strangers-not-seen': 'an order of other hands that rests far from the market while the stream is lost',
  'older-correction-wins': 'two corrections of one trade that differ',
  'clock-set-back-puts-work-off': 'a clock that is set back by an hour',
  'comparison-blind-after-a-clock-was-set-back': 'a clock that is set back by an hour',
  'target-left-behind': 'a broker that breaks its word about pairs',
  'compared-once': 'a trade that only a timed comparison can find, without a reconnect after it',
  'work-dropped-by-its-old-holder': 'nothing: polls and comparisons mend it',
}
