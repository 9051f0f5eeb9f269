// The papers say what the program does: each command in them exists, with its options, and each control they name is one.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Command } from 'commander'
import { buildProgram } from '../../src/main/program.ts'
import { CONTROLS } from './controls.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const page = (name: string): string => readFileSync(join(DOCS, name), 'utf8')
const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'))

/** What is wrong with a command line, in words; null when the program would understand it. */
function wrongWith(line: string): string | null {
  const said = line.replace(/^--config \S+ /, '')
  const words = (said.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ''))
  let command: Command = buildProgram()
  let at = 0
  for (; at < words.length; at++) {
    const next = command.commands.find((one) => one.name() === words[at])
    if (next === undefined) break
    command = next
  }
  if (at === 0) return `there is no command ${words[0]}`
  const chain: Command[] = []
  for (let one: Command | null = command; one !== null; one = one.parent) chain.push(one)
  const known = chain.flatMap(({ options }) => options.flatMap(({ short, long }) => [short, long]))
  const strange = words.slice(at).filter((word) => /^--?[a-z]/.test(word) && !known.includes(word.split('=')[0]))
  if (strange.length > 0) return `${command.name()} has no option ${strange.join(', ')}`
  const rest = words.slice(at).filter((word) => !word.startsWith('-'))
  const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0
  return isGroup && rest.length > 0 && !words.slice(at).some((word) => word.startsWith('-'))
    ? `${command.name()} has no part ${rest[0]}`
    : null
}

/** Whole commands: lines of shell blocks, each part of a chain by itself, without what the shell does with its output. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .flatMap((line) => line.split(/&&|\|/))
    .flatMap((part) => /^\s*(?:npx )?jax-exec (.*)$/.exec(part)?.[1] ?? [])
    .map((line) => line.replace(/\s(?:#|>|2>).*$/, '').trim())

describe('the papers', () => {
  it('name commands that exist, with their options', () => {
    const wrong = pages
      .filter((name) => name !== 'cli.md')
      .flatMap((name) =>
        commandsIn(page(name)).flatMap((line) => {
          const why = wrongWith(line)
          return why === null ? [] : [`docs/${name}: jax-exec ${line}: ${why}`]
        }),
      )
    assert.deepEqual(wrong, [])
    assert.ok(commandsIn(page('emergency.md')).length > 20)
  })

  it('are looked at closely enough: what does not exist is found', () => {
    for (const line of ['halts', 'halt --at-brokr', 'people dismiss ben', 'drill hold E1 --loud'])
      assert.notEqual(wrongWith(line), null, line)
    for (const line of ['halt --reason "a -- b"', 'people disable ben --reason x', 'drill', 'stages --json'])
      assert.equal(wrongWith(line), null, line)
  })

  it('have a chapter for each emergency, in order', () => {
    const chapters = [...page('emergency.md').matchAll(/^## (E\d+) /gm)].map(([, name]) => name)
    assert.deepEqual(
      chapters,
      Array.from({ length: 14 }, (_, i) => `E${i + 1}`),
    )
  })

  it('name refusals, alerts and events that exist', () => {
    const code = ['gate/refusal.ts', 'gate/triggers.ts', 'desk/events.ts']
      .map((file) => readFileSync(join(DOCS, '..', 'src', file), 'utf8'))
      .join('\n')
    const wrong = [...page('regulations.md').matchAll(/`([A-Z]+(?:_[A-Z]+)+|[a-z]+\.[a-z-]+ed)`/g)]
      .map(([, word = '']) => word)
      .filter((word) => !new RegExp(`\\b${word}\\b`).test(code))
    assert.deepEqual(wrong, [])
  })

  it('map the rules to controls that exist, and leave none out', () => {
    const named = new Set(page('regulations.md').match(/\b[PRA]\d\d\b/g))
    const known = new Set<string>(CONTROLS.map(({ id }) => id))
    assert.deepEqual([...named.difference(known)], [])
    assert.deepEqual([...known.difference(named)], [])
  })
})
