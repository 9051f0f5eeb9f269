// A sign-in provider on this machine, for people: the button of the page without a provider or the internet.
import { randomBytes } from 'node:crypto'
import { startOidcSimulator } from '../../simulators/oidc/provider.ts'
import { inShell, programName } from '../config.ts'
import type { Context } from '../context.ts'
import { harmless, paint } from '../print.ts'
import { keptBeside, nameOf, onPort, untilStopped, writeSet } from './simulating.ts'

export type OidcOptions = { readonly port: number; readonly writeConfig?: string }

const CLIENT_ID = 'jax-exec'

export async function simulateOidc(ctx: Context, options: OidcOptions): Promise<void> {
  let begun = false
  const simulator = await onPort(options.port, () =>
    startOidcSimulator({
      port: options.port,
      client: { clientID: CLIENT_ID, clientSecret: secretFor(options) },
      log: (line) => begun && ctx.out.say(paint('dim', harmless(line), process.stderr)),
    }),
  )
  const asked = untilStopped()
  try {
    const { issuer, clientID, clientSecret, people } = simulator
    const written = configured(options, issuer, clientSecret)
    ctx.out.answer({ issuer, clientID, clientSecret, people: people.map(({ name }) => name), config: written }, () =>
      welcome(options, { issuer, clientSecret }, written).join('\n'),
    )
    begun = true
    await asked
  } finally {
    await simulator.close()
  }
  ctx.out.say('Stopped.')
}

const secretFile = (config: string): string => `${nameOf(config)}.client-secret`

/** As it was written beside the configuration, so that a gateway that runs with it still fits; else a new one. */
function secretFor({ writeConfig }: OidcOptions): string {
  const kept = writeConfig === undefined ? null : keptBeside(writeConfig, secretFile(writeConfig))
  return kept !== null && /^[\w-]{32,}$/.test(kept) ? kept : randomBytes(24).toString('base64url')
}

const lines = (issuer: string, file: string): string => `access:
  oidc:
    issuer: ${issuer}
    clientID: ${CLIENT_ID}
    clientSecret: file:${file}
    name: the simulator
`

/** A configuration that is ready to use; null when none was asked for. */
function configured({ writeConfig }: OidcOptions, issuer: string, secret: string): string | null {
  if (writeConfig === undefined) return null
  const file = secretFile(writeConfig)
  const configuration = `# Signing in by the simulated provider of: jax-exec simulate oidc
dataDir: data-oidc-sim
${lines(issuer, file)}`
  return writeSet(writeConfig, configuration, { [file]: secret })
}

function welcome(
  { port }: OidcOptions,
  { issuer, clientSecret }: { readonly issuer: string; readonly clientSecret: string },
  written: string | null,
): readonly string[] {
  const bold = (text: string): string => paint('bold', text, process.stdout)
  const start = (config: string): string => `${programName()} serve --config ${inShell(config)}`
  return [
    `${bold('Sign-in provider, simulated')}  ${bold(issuer)}  ${paint('green', 'nobody is real', process.stdout)}`,
    '',
    ...(written === null
      ? [
          'Put this into a file of its own (chmod 600):',
          `  oidc-sim.client-secret  ${clientSecret}`,
          '',
          'and this into jax-exec.yaml:',
          '',
          ...lines(issuer, 'oidc-sim.client-secret').trimEnd().split('\n'),
          '',
          `Or let it be written: --write-config oidc-sim.yaml, and then: ${start('oidc-sim.yaml')}`,
        ]
      : ['Start the gateway with it, in another terminal:', `  ${bold(start(written))}`]),
    '',
    'Sign in with a code once, and link an account on the page "Your access"; from then on the button is enough.',
    ...(port === 0
      ? ['', 'Its port is another one at each start: name one with --port to keep the configuration.']
      : []),
    '',
    'Ctrl-C stops it.',
  ]
}
