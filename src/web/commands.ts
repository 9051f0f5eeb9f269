import { type QueryClient, useMutation, type UseMutationResult, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import type {
  ApprovalPolicy,
  Arming,
  Bound,
  Change as HouseChange,
  EnrolAsk,
  Halt,
  HaltLevel,
  Intent,
  LimitName,
  Limits,
  Liquidation,
  Me,
  Order,
  Page,
  Passkey,
  SigninCode,
  Task,
  Stage,
} from '../api/wire.ts'
import { call, carryToken } from './http.ts'
import { makeKey } from './passkeys/passkey.ts'
import { signedChange, signedEnrolment, signedOrder } from './passkeys/signed.ts'
import { haltQuery, liquidationQuery, meQuery, queueQuery } from './queries.ts'

/** What a person may do. Each sends once, and shows the answer before the events bring it. */

const segment = encodeURIComponent

/**
 * Sends a form once, and again only after an error. A double click comes before the page has drawn that it was sent, and
 * after an answer the dialog still stands for a moment.
 */
export function useSingly<Answer, Ask>(
  mutation: UseMutationResult<Answer, Error, Ask>,
): (ask: Ask, onSuccess?: (answer: Answer) => void) => void {
  const sent = useRef(false)
  return (ask, onSuccess) => {
    if (sent.current) return
    sent.current = true
    mutation.mutate(ask, {
      ...(onSuccess === undefined ? {} : { onSuccess }),
      onError: () => {
        sent.current = false
      },
    })
  }
}

export type Decision =
  | { readonly verb: 'decline' | 'withdraw'; readonly reason: string }
  | { readonly verb: 'reprice' }
  /** Not before `until` at the top of the queue; it decides nothing. */
  | { readonly verb: 'snooze'; readonly until: string; readonly reason?: string }
  /** Back to the agent, with a note. */
  | { readonly verb: 'reanalyse'; readonly note: string }

export function useDecide(intentID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ verb, ...body }: Decision) => call<Intent>('POST', `/intents/${segment(intentID)}/${verb}`, body),
    onSuccess: (intent) => keepInQueue(client, intent),
    onSettled: () => refresh(client, ['intents', 'story', 'orders', 'status']),
  })
}

/** The yes to exactly what was shown: by a click, or signed with a passkey where one is needed. */
export function useApprove(shown: Intent) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (reason: string) => {
      const { intentID, digest, requires } = shown
      const passkey = requires?.passkey === true ? await signedOrder(client, shown) : undefined
      return call<Intent>('POST', `/intents/${segment(intentID)}/approve`, {
        digest,
        ...(reason === '' ? {} : { reason }),
        ...(passkey === undefined ? {} : { passkey }),
      })
    },
    onSuccess: (intent) => keepInQueue(client, intent),
    onSettled: () => refresh(client, ['intents', 'story', 'orders', 'status', 'statistics']),
  })
}

function keepInQueue(client: QueryClient, intent: Intent): void {
  client.setQueryData<Page<Intent>>(queueQuery.queryKey, (queue) => {
    if (queue === undefined) return queue
    const items = queue.items.map((item) => (item.intentID === intent.intentID ? intent : item))
    return { ...queue, items: items.filter(({ state }) => state === 'AwaitingApproval') }
  })
}

export function useCancel(clOrdID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call<Order>('POST', `/orders/${segment(clOrdID)}/cancel`, {}),
    onSettled: () => refresh(client, ['orders', 'story', 'halt', 'status']),
  })
}

/** Another price or size for an open order; what is not named stays as it is. */
export type Change = { readonly limit_price?: string; readonly order_qty?: string; readonly reason?: string }

export function useReplace(clOrdID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (change: Change) => call<Order>('POST', `/orders/${segment(clOrdID)}/replace`, change),
    onSettled: () => refresh(client, ['orders', 'story', 'intents', 'status']),
  })
}

/** Everything, at K4, unless it says less. */
export type HaltAsk = {
  readonly engage: boolean
  readonly reason: string
  readonly scope?: string
  readonly level?: HaltLevel
}

export function useHalt() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ engage, ...ask }: HaltAsk) => call<Halt>(engage ? 'POST' : 'DELETE', '/halt', ask),
    onSuccess: (halt) => client.setQueryData(haltQuery.queryKey, halt),
    onSettled: () => refresh(client, ['halt', 'status', 'orders', 'intents']),
  })
}

export type LiquidationAsk =
  | {
      readonly verb: 'start'
      /** The account's name, typed. */
      readonly account: string
      readonly reason: string
      /** All when absent. */
      readonly symbols?: readonly string[]
    }
  | { readonly verb: 'market' }
  | { readonly verb: 'stop'; readonly reason: string }

export function useLiquidate() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ verb, ...ask }: LiquidationAsk) =>
      call<Liquidation>(
        verb === 'stop' ? 'DELETE' : 'POST',
        verb === 'market' ? '/liquidation/market' : '/liquidation',
        ask,
      ),
    onSuccess: (liquidation) => client.setQueryData(liquidationQuery.queryKey, liquidation),
    onSettled: () => refresh(client, ['liquidation', 'halt', 'orders', 'intents', 'status']),
  })
}

export function useAcknowledge(taskID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call<Task>('POST', `/tasks/${segment(taskID)}/acknowledge`, {}),
    onSettled: () => refresh(client, ['tasks', 'status']),
  })
}

export function useCloseTask(taskID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (note: string) => call<Task>('POST', `/tasks/${segment(taskID)}/close`, { note }),
    onSettled: () => refresh(client, ['tasks', 'status']),
  })
}

export function useReconcile() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call<undefined>('POST', '/reconciliation', {}),
    onSettled: () => refresh(client, ['reconciliation', 'status']),
  })
}

export function useSignIn() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (who: { code: string; name: string }) => call<Me>('POST', '/session', who),
    onSuccess: (me) => {
      carryToken(me.csrf)
      client.setQueryData(meQuery.queryKey, me)
    },
  })
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => call<undefined>('DELETE', '/session'),
    // A fresh page, so that nothing of this person stays in memory.
    onSuccess: () => location.assign('/signin'),
  })
}

/** What may be changed about the house; `version` of a policy is the one that was looked at. */
export type Proposal =
  | { readonly kind: 'approval policy'; readonly policy: ApprovalPolicy }
  | {
      readonly kind: 'person'
      readonly personID: string
      readonly roles: readonly string[]
      readonly disabled: boolean
    }
  | { readonly kind: 'passkey revoked'; readonly credentialID: string }
  | {
      readonly kind: 'risk limits'
      readonly version: number
      readonly values?: Partial<Record<LimitName, Bound>>
      readonly lists?: Partial<Limits['lists']>
    }
  | { readonly kind: 'release'; readonly scope: string }
  | { readonly kind: 'stage'; readonly after: Stage; readonly symbols?: readonly string[] }

const HOUSE = ['changes', 'limits', 'stage', 'approvals', 'people', 'account', 'status']

export function usePropose() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (ask: { what: Proposal; reason: string }) => call<HouseChange>('POST', '/changes', ask),
    onSettled: () => refresh(client, HOUSE),
  })
}

export function useDecideChange(shown: HouseChange) {
  const client = useQueryClient()
  const path = `/changes/${segment(shown.changeID)}`
  return useMutation({
    mutationFn: async (ask: { verb: 'approve' | 'decline'; reason: string }) => {
      if (ask.verb === 'decline') return call<HouseChange>('POST', `${path}/decline`, { reason: ask.reason })
      const reason = ask.reason === '' ? {} : { reason: ask.reason }
      const passkey = shown.requires.passkey ? { passkey: await signedChange(client, shown) } : {}
      return call<HouseChange>('POST', `${path}/approve`, { digest: shown.digest, ...reason, ...passkey })
    },
    onSettled: () => refresh(client, HOUSE),
  })
}

/** Within which bounds the orders of a strategy go without a person. */
export type Bounds = {
  readonly strategyID: string
  readonly symbols: readonly string[]
  readonly maxNotional: string
  readonly maxCount: number
  readonly until: string
}

export function useArm() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (bounds: Bounds) => call<Arming>('POST', '/approvals/arm', bounds),
    onSettled: () => refresh(client, ['approvals', 'status']),
  })
}

export function useDisarm() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (armingID: string) => call<Arming | undefined>('DELETE', `/approvals/arm/${segment(armingID)}`),
    onSettled: () => refresh(client, ['approvals', 'status']),
  })
}

/** A new passkey: made on the device, and let in by an older one where there is one. */
export function useEnrol() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (name: string) => {
      const begun = await call<EnrolAsk>('POST', '/me/passkeys/begin', { name })
      // First the old one: were it refused, the device would keep a new one that nobody knows.
      const confirm =
        begun.confirm === null
          ? {}
          : { confirm: await signedEnrolment(client, begun.confirm, String(begun.options['challenge'])) }
      const response = await makeKey(begun.options)
      return call<Passkey>('POST', '/me/passkeys', { name, response, ...confirm })
    },
    onSettled: () => refresh(client, ['access']),
  })
}

/** Takes away something of one's own: a passkey, the tie to a chat, a session elsewhere. */
export function useGiveUp(what: 'passkeys' | 'links' | 'sessions') {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => call<unknown>('DELETE', `/me/${what}/${segment(id)}`),
    onSettled: () => refresh(client, ['access']),
  })
}

export function useMakeLinkCode() {
  return useMutation({ mutationFn: () => call<SigninCode>('POST', '/me/link-codes', {}) })
}

function refresh(client: QueryClient, views: readonly string[]): void {
  void client.invalidateQueries({ predicate: ({ queryKey }) => views.includes(String(queryKey[0])) })
}
