/**
 * What happens to one call of the Web API. `drop`: the connection ends; with `after` Slack has done what was asked, and the
 * caller does not learn of it. `hang`: no answer ever comes. `slow`: it is done, but only after a while.
 */
export type SlackFault =
  | { readonly kind: 'status'; readonly status: number; readonly after?: boolean }
  | { readonly kind: 'ratelimited'; readonly retryAfterS: number | null }
  | { readonly kind: 'drop'; readonly after?: boolean }
  | { readonly kind: 'hang'; readonly after?: boolean }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'slow'; readonly ms: number }

/** Decides which calls go wrong: the next ones of a method, `*` for any, until they are used up. */
export function slackFaults() {
  const rules: { readonly method: string; left: number; readonly fault: SlackFault }[] = []
  return {
    /** @param times how many calls in a row meet it; 1 when left out. */
    on(method: string, fault: SlackFault, times = 1): void {
      rules.push({ method, left: times, fault })
    },
    calm(): void {
      rules.length = 0
    },
    next(method: string): SlackFault | null {
      const rule = rules.find((each) => each.method === '*' || each.method === method)
      if (!rule) return null
      if (--rule.left <= 0) rules.splice(rules.indexOf(rule), 1)
      return rule.fault
    },
  }
}
export type SlackFaults = ReturnType<typeof slackFaults>
