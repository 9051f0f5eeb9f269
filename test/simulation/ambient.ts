import { Violation } from './scene.ts'

/** What would make two runs of one seed differ: the world's clocks, its chance, its timers and its network. */
const AMBIENT: readonly (readonly [owner: object, names: readonly string[]])[] = [
  [Date, ['now']],
  [Math, ['random']],
  [performance, ['now']],
  [crypto, ['randomUUID', 'getRandomValues']],
  [globalThis, ['setTimeout', 'setInterval', 'fetch']],
]

/**
 * Takes the world away from whatever runs until `restore` is called: who reaches for it fails, with the name of what was
 * reached for. `setImmediate` is left: the loop itself comes to rest with it, and the floors test watches the rest.
 */
export function withoutTheWorld(): () => void {
  const taken = AMBIENT.flatMap(([owner, names]) =>
    names.map((name) => {
      const before = Object.getOwnPropertyDescriptor(owner, name)
      Object.defineProperty(owner, name, {
        configurable: true,
        writable: true,
        value: () => {
          throw new Violation('the simulation is closed', `${name} was called; take clock and chance as arguments`)
        },
      })
      return { owner, name, before }
    }),
  )
  return () => {
    for (const { owner, name, before } of taken)
      if (before) Object.defineProperty(owner, name, before)
      else Reflect.deleteProperty(owner, name)
  }
}
