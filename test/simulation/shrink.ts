import type { Item, Plan } from './plan.ts'
import { printScript } from './script.ts'

export type Shrinking = { readonly runs: number; readonly items: number; readonly lastsMs: number }

/** A world takes some tens of milliseconds, so this many take as long as a person waits without asking. */
const RUNS_MAX = 600

/**
 * A plan that still breaks and is as short as trying makes it: items are left out (halves, quarters … single ones, then
 * pairs), the time is cut, the world is made plainer. The same plan and the same answers give the same result.
 *
 * @param plan one that `fails`; it is not tried again.
 * @param fails whether a plan breaks the same promise as the first did. Any other break is not what is looked for.
 * @param progress told after each try that made it shorter.
 * @param runsMax how often `fails` is asked at most; what was found until then is returned.
 */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
  progress: (at: Shrinking) => void = () => {},
  runsMax: number = RUNS_MAX,
): Promise<Plan> {
  let best = plan
  let runs = 0
  const tried = new Set([printScript(plan)])

  /** Keeps `shorter` when it fails too. */
  const keeps = async (shorter: Plan): Promise<boolean> => {
    const script = printScript(shorter)
    if (runs >= runsMax || tried.has(script)) return false
    tried.add(script)
    runs++
    if (!(await fails(shorter))) return false
    best = shorter
    progress({ runs, items: best.items.length, lastsMs: best.world.lastsMs })
    return true
  }
  const keepsItems = (items: readonly Item[]): Promise<boolean> => keeps({ ...best, items })

  /** Leaves out runs of `size` items, the last first: what comes later rarely causes what came before. */
  const withoutRunsOf = async (size: number): Promise<boolean> => {
    let shorter = false
    for (let from = best.items.length - size; from > -size; from -= size) {
      const [start, end] = [Math.max(0, from), from + size]
      if (await keepsItems(best.items.toSpliced(start, end - start))) shorter = true
    }
    return shorter
  }
  const withoutItems = async (): Promise<void> => {
    for (let size = Math.ceil(best.items.length / 2); size >= 1 && runs < runsMax; ) {
      const shorter = await withoutRunsOf(size)
      if (size > 1) size = Math.ceil(size / 2)
      else if (!shorter) break
    }
  }
  /** Two things that only make sense together, such as an outage and its end. */
  const withoutPairs = async (): Promise<boolean> => {
    for (let second = best.items.length - 1; second > 0; second--)
      for (let first = second - 1; first >= 0; first--)
        if (await keepsItems(best.items.toSpliced(second, 1).toSpliced(first, 1))) return true
    return false
  }
  const withLessTime = async (): Promise<void> => {
    const lasts = (lastsMs: number): Plan => ({ ...best, world: { ...best.world, lastsMs } })
    let [low, high] = [0, best.world.lastsMs]
    // To a second: a finer cut would make the script longer to read.
    while (high - low > 1_000 && runs < runsMax) {
      const middle = Math.ceil((low + high) / 2 / 1_000) * 1_000
      if (middle >= high) break
      if (await keeps(lasts(middle))) high = middle
      else low = middle
    }
  }
  const plainer = async (): Promise<void> => {
    if (best.world.store !== 'memory') await keeps({ ...best, world: { ...best.world, store: 'memory' } })
    if (best.world.policy !== 'first') await keeps({ ...best, world: { ...best.world, policy: 'first' } })
    if (best.world.limits !== 'wide') await keeps({ ...best, world: { ...best.world, limits: 'wide' } })
  }

  await plainer()
  await withoutItems()
  await withLessTime()
  while (await withoutPairs()) await withoutItems()
  return best
}
