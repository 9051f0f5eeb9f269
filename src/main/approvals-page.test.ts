// What docs/approvals.md shows works as it stands there.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { parse } from 'yaml'
import { wrongIn } from '../channels/slack/settings.ts'
import { parseConfig } from './config.ts'
import { faultLine } from './place.ts'
import { parsePolicy } from './policy-file.ts'
import { buildProgram } from './program.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(ROOT, 'docs', 'approvals.md'), 'utf8')
const root = mkdtempSync(join(tmpdir(), 'approvals-page-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** The blocks of one language, without the indent of the list that they stand in. */
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(
    ([, indent = '', text = '']) => text.replace(new RegExp(`^${indent}`, 'gm'), ''),
  )

describe('the page about approvals', () => {
  it('shows a policy that can be proposed', () => {
    const policy = blocks('yaml').find((text) => text.startsWith('rules:')) ?? assert.fail()
    const read = parsePolicy(policy, 'policy.yaml')
    assert.ok(read.ok, read.ok ? '' : read.error.map(faultLine).join('\n'))
    assert.equal(read.value.rules.length, 5)
  })

  const configurations = blocks('yaml').filter((text) => text.includes('channels:'))
  it('shows a configuration of each channel', () => assert.equal(configurations.length, 3))
  for (const text of configurations)
    it(`shows a configuration that is in order: ${/^ {2}(\w+):$/m.exec(text.slice(text.indexOf('channels:')))?.[1]}`, () => {
      const read = parseConfig(text, join(root, 'jax-exec.yaml'), [])
      assert.ok(read.ok, read.ok ? '' : read.error.map(faultLine).join('\n'))
    })
  it('has a file for each secret that it names', () => {
    const named = configurations.flatMap((text) => [...text.matchAll(/file:(secrets\/\S+)/g)].map((m) => m[1] ?? ''))
    const made = blocks('sh').join('\n')
    assert.equal(named.length > 4, true)
    for (const name of named.filter((one) => !one.includes('teams'))) assert.ok(made.includes(name), name)
  })

  it('shows commands that exist', () => {
    const program = buildProgram()
    const known = (line: string): boolean => {
      let at = program
      for (const word of line.split(/\s+/).filter((one) => !one.startsWith('-') && !one.endsWith('.yaml'))) {
        const next = at.commands.find((command) => command.name() === word)
        if (next === undefined) return at !== program
        at = next
      }
      return true
    }
    const said = [
      ...blocks('sh').flatMap((text) => [...text.matchAll(/npx jax-exec ([^#>\n]+)/g)]),
      ...page.matchAll(/`jax-exec ([^`]+)`/g),
    ].map((m) => (m[1] ?? '').trim())
    assert.ok(said.length > 15)
    for (const line of said) assert.ok(known(line), line)
  })

  it('shows how a receiver checks a notice', async () => {
    const file = join(root, 'receiver.mjs')
    writeFileSync(file, blocks('js')[0] ?? assert.fail())
    const { isFromJax } = (await import(pathToFileURL(file).href)) as {
      isFromJax: (headers: Record<string, string>, body: string, secret: string, now?: number) => boolean
    }
    const [secret, other] = [32, 32].map((bytes) => `whsec_${randomBytes(bytes).toString('base64')}`) as [
      string,
      string,
    ]
    const now = Date.now()
    const body = '{"type":"approval.waiting"}'
    const sign = (at: number, key = secret): Record<string, string> => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': new Webhook(key).sign('msg_1', new Date(at), body),
    })
    assert.equal(isFromJax(sign(now), body, secret), true)
    const both = {
      ...sign(now),
      'webhook-signature': `${sign(now, other)['webhook-signature']} ${sign(now)['webhook-signature']}`,
    }
    assert.equal(isFromJax(both, body, secret), true, 'while the secret is changed')
    assert.equal(isFromJax(sign(now), `${body} `, secret), false)
    assert.equal(isFromJax(sign(now, other), body, secret), false)
    assert.equal(isFromJax(sign(now - 301_000), body, secret), false)
    assert.equal(isFromJax(sign(now + 301_000), body, secret), false)
    assert.equal(isFromJax({}, body, secret), false)
  })

  it('points to a manifest of the Slack app that asks for what the channel needs, and no more', () => {
    const manifest = parse(readFileSync(join(ROOT, 'docs', 'channels', 'slack-manifest.yaml'), 'utf8')) as {
      oauth_config: { scopes: { bot: string[] } }
      settings: { socket_mode_enabled: boolean }
    }
    assert.deepEqual(manifest.oauth_config.scopes.bot.sort(), ['chat:write', 'commands', 'users:read'])
    assert.equal(manifest.settings.socket_mode_enabled, true)
    const socketOnly = {
      botToken: 'xoxb-1',
      appToken: 'xapp-1',
      signingSecrets: [],
      channelID: 'C0123ABCD',
      workspace: { teamID: 'T0123ABCD', enterpriseID: null, appID: 'A0123ABCD' },
    }
    assert.equal(wrongIn(socketOnly), null, 'as the page sets it up')
  })
})
