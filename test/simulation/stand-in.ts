// An engine that needs no gateway, for the tests of what stands around one: what becomes of a world is in its script.
import type { Item, Plan } from './plan.ts'
import type { Outcome } from './scene.ts'

const item = (n: number, verb: string, words: readonly string[] = [], named: Item['named'] = {}): Item => ({
  when: { atMs: n * 1_000 },
  verb,
  words,
  named,
})
const signal = (n: number): Item => item(n, 'signal', [`I${n}`, 'BUY', 'AAPL'], { entry: '190.00', stop: '188.00' })
const approve = (n: number): Item => item(n, 'approve', [`I${n}`], { by: 'ana', after: '1.000' })
const lost: Item = { when: { on: 'send', n: 1 }, verb: 'lost-booked', words: [], named: {} }

/** Twelve items; every thirteenth seed breaks a promise, in every ninth of them another one. */
export function planOf(seed: number, options: { lastsMs?: number } = {}): Plan {
  const items = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? signal(n) : approve(n)))
  if (seed % 13 === 0) items.push(lost, item(13, seed % 9 === 0 ? 'crash' : 'halt'))
  return {
    world: {
      seed,
      start: '2026-11-23T15:00:00Z',
      lastsMs: options.lastsMs ?? 30_000,
      broker: 'bare',
      store: 'memory',
      limits: 'wide',
      policy: 'first',
    },
    items,
  }
}

let played = 0

export async function simulate(
  plan: Plan,
  options: { trace?: boolean; tell?: (line: string) => void } = {},
): Promise<Outcome> {
  played++
  const has = (verb: string): boolean => plan.items.some((it) => it.verb === verb)
  if (has('hang')) for (;;);
  if (has('exit')) {
    process.stderr.write('out of everything\n')
    process.exit(3)
  }
  if (has('throw')) throw new Error('the engine is broken')
  await new Promise((resolve) => setImmediate(resolve))
  const oracle = has('lost-booked') ? (has('crash') ? 'G3 durable' : has('halt') ? 'G2 one live order' : null) : null
  const count = (verb: string): number => plan.items.filter((it) => it.verb === verb).length
  const lost = count('lost-booked')
  const trace = plan.items.map(({ verb, words }) => [verb, ...words].join(' '))
  if (has('chance')) trace.push(`run ${played}`)
  for (const line of trace) options.tell?.(line)
  return {
    failure: oracle === null ? null : { oracle, text: `${oracle}: two orders for I3`, atMs: 13_000 },
    events: plan.items.length,
    spanMs: plan.world.lastsMs,
    faults: { crash: count('crash'), ...(lost === 0 ? {} : { 'lost-booked': lost }) },
    transitions: {
      'intent Received +Ticketed': { ordinary: count('signal') },
      ...(lost === 0 ? {} : { 'delivery Sending +Unclear': { 'lost-booked': lost } }),
    },
    orders: count('signal'),
    fills: count('approve'),
    crashes: count('crash'),
    trace: options.trace ? trace : [],
  }
}
