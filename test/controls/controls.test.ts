import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { LIMIT_NAMES, LIMITS, LIST_NAMES, LISTS } from '../../src/gate/limits.ts'
import { CODES } from '../../src/gate/refusal.ts'
import { TRIGGER_NAMES, TRIGGERS } from '../../src/gate/triggers.ts'
import { settingInfos } from '../../src/main/config.ts'
import { CONTROLS, type Control, type Place } from './controls.ts'
import { PLANTED } from './planted.ts'
import { tried } from './planting.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const textOf = new Map<string, string>()
function read(file: string): string {
  const text = textOf.get(file) ?? readFileSync(join(ROOT, file), 'utf8')
  textOf.set(file, text)
  return text
}

const ids = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${letter}${String(i + 1).padStart(2, '0')}`)
const ACTIONS = new Set(
  [...read('src/desk/events.ts').matchAll(/^ {2}'([a-z-]+\.[a-z-]+)':/gm)].map(([, action]) => action),
)
const ALERTS = new Set(TRIGGER_NAMES.map((name) => TRIGGERS[name].alert))
const SETTINGS = settingInfos().map(({ path }) => path)
const NAMES: ReadonlySet<string> = new Set([...LIMIT_NAMES, ...LIST_NAMES, ...TRIGGER_NAMES, ...SETTINGS])

const faultOfPlace = ([file, words]: Place): string[] => {
  let text: string
  try {
    text = read(file)
  } catch {
    return [`there is no file ${file}`]
  }
  // A title with an apostrophe stands in double quotes, or has it escaped.
  const found = words === undefined || text.includes(words) || text.includes(words.replaceAll("'", "\\'"))
  return found ? [] : [`${JSON.stringify(words)} is not in ${file}`]
}

function faultsOf({ state, code, parameters, answers, tests, also = [], missing }: Control): string[] {
  return [
    ...[...code, ...tests, ...also].flatMap(faultOfPlace),
    ...parameters.filter((name) => !NAMES.has(name)).map((name) => `there is no parameter ${name}`),
    ...answers
      .filter((name) => !(CODES as readonly string[]).includes(name) && !ACTIONS.has(name) && !ALERTS.has(name))
      .map((name) => `nothing says ${name}`),
    ...(state !== 'not yet' && (code.length === 0 || tests.length === 0) ? ['no code, or no test'] : []),
    ...(state === 'not yet' && code.length > 0 ? ['there is code for what is not there'] : []),
    ...((missing === null) === (state === 'there')
      ? []
      : ['what is there in part says what is missing, and only that']),
  ]
}

const finds = ({ edits }: (typeof PLANTED)[number]): string[] =>
  edits.flatMap(({ file, find }) => {
    const times = read(file).split(find).length - 1
    return times === 1 ? [] : [`in ${file} this stands ${times} times: ${find}`]
  })

describe('what is taken out of the code', () => {
  it('is named once', () => {
    const names = PLANTED.map(({ control, name }) => `${control} ${name}`)
    assert.deepEqual(names, [...new Set(names)])
  })
  it('is something of every control that is there, or the row says why not', () => {
    const of = (id: string) => PLANTED.some(({ control }) => control === id)
    assert.deepEqual(
      CONTROLS.filter((one) => one.state !== 'not yet' && of(one.id) === (one.unplanted !== undefined)).map(
        ({ id }) => id,
      ),
      [],
    )
  })
  for (const one of PLANTED) it(`${one.control} ${one.name} stands there once`, () => assert.deepEqual(finds(one), []))
  // Each in a process of its own, two at once: the whole takes as long as loading the desk so many times.
  it('is noticed by each of its proofs', { timeout: 600_000 }, async () => {
    const queue = PLANTED.flatMap((one) => one.held.map((held) => [one, held] as const))
    const missed: string[] = []
    const hand = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { planted, held, is, told } = await tried(...next)
        if (is !== 'noticed') missed.push(`${planted}, ${held.join(' ')}: ${is} ${told}`)
      }
    }
    await Promise.all([hand(), hand()])
    assert.deepEqual(missed, [])
  })
})

/** Whether a removal of this control must turn that test red. */
function isPlayed(id: string, [file, words]: Place): boolean {
  const scenario = /^scenarios\/(.*)\.scenario$/.exec(file)?.[1]
  return PLANTED.filter(({ control }) => control === id).some(({ held }) =>
    held.some(([played, names]) => {
      if (scenario !== undefined) return names === `^${scenario}:`
      if (played !== file) return false
      return names === undefined || words === undefined || words.endsWith('(') || new RegExp(names).test(words)
    }),
  )
}

describe('the controls', () => {
  for (const { id, tests, unplanted } of CONTROLS)
    it(`${id} has no proof that no removal is played against`, () =>
      assert.deepEqual(unplanted === undefined ? tests.filter((test) => !isPlayed(id, test)) : [], []))
  it('are those of the table, each once', () =>
    assert.deepEqual(
      CONTROLS.map(({ id }) => id),
      [...ids('P', 20), ...ids('R', 6), ...ids('A', 17)],
    ))
  for (const control of CONTROLS)
    it(`${control.id} ${control.name} names what there is`, () => assert.deepEqual(faultsOf(control), []))
  it('that limits and triggers belong to name them', () => {
    const named = (id: string, name: string): boolean =>
      CONTROLS.some((one) => one.id === id && one.parameters.includes(name))
    const all = [
      ...LIMIT_NAMES.map((name) => [LIMITS[name].control, name] as const),
      ...LIST_NAMES.map((name) => [LISTS[name].control, name] as const),
      ...TRIGGER_NAMES.map((name) => [TRIGGERS[name].control, name] as const),
    ]
    assert.deepEqual(
      all.filter(([id, name]) => !named(id, name)),
      [],
    )
  })
  it('are found out when they name what there is not', () => {
    const wrong: Control = {
      ...(CONTROLS[0] as Control),
      code: [['src/nowhere.ts']],
      parameters: ['maxNothing', 'policy.nothing'],
      answers: ['NOTHING_SAID'],
      tests: [['src/gate/controls.test.ts', 'P01 nothing']],
      missing: 'everything',
    }
    assert.equal(faultsOf(wrong).length, 6)
  })
})
