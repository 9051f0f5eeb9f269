import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Halt, Intent, Me, Order, Page, Task } from '../api/wire.ts'
import { call, carryToken } from './http.ts'
import { haltQuery, meQuery, queueQuery } from './queries.ts'

/** What a person may do. Each sends once, and shows the answer before the events bring it. */

const segment = encodeURIComponent

export type Decision =
  | { readonly verb: 'approve'; readonly digest: string; readonly reason?: string }
  | { readonly verb: 'decline' | 'withdraw'; readonly reason: string }
  | { readonly verb: 'reprice' }

export function useDecide(intentID: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ verb, ...body }: Decision) => call<Intent>('POST', `/intents/${segment(intentID)}/${verb}`, body),
    onSuccess: (intent) => {
      client.setQueryData<Page<Intent>>(queueQuery.queryKey, (queue) => {
        if (queue === undefined) return queue
        const items = queue.items.map((item) => (item.intentID === intent.intentID ? intent : item))
        return { ...queue, items: items.filter(({ state }) => state === 'AwaitingApproval') }
      })
    },
    onSettled: () => refresh(client, ['intents', 'story', 'orders', 'status']),
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

export function useHalt() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ engage, reason }: { engage: boolean; reason: string }) =>
      call<Halt | undefined>(engage ? 'POST' : 'DELETE', '/halt', { reason }),
    onSuccess: (halt) => {
      if (halt !== undefined) client.setQueryData(haltQuery.queryKey, halt)
    },
    onSettled: () => refresh(client, ['halt', 'status', 'orders', 'intents']),
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

function refresh(client: ReturnType<typeof useQueryClient>, views: readonly string[]): void {
  void client.invalidateQueries({ predicate: ({ queryKey }) => views.includes(String(queryKey[0])) })
}
