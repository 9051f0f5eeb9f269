/** The browser's side of passkeys, and what it says when it does not work in words that help. */

/** No signature was made, and nothing was decided. */
export class NotSigned extends Error {
  readonly title: string
  /** `access`: enrolling a passkey, or using another one, would help. */
  readonly helps: 'access' | null
  /** Not somebody's slip: what was to be signed is not what was shown. */
  readonly grave: boolean
  constructor(title: string, text: string, how: { helps?: 'access'; grave?: true; cause?: unknown } = {}) {
    super(text, { cause: how.cause })
    this.title = title
    this.helps = how.helps ?? null
    this.grave = how.grave ?? false
  }
}

const IS_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$/

/** Why no passkey can work on this page as it was opened, or null. */
export function hostFault(): NotSigned | null {
  if (IS_ADDRESS.test(location.hostname))
    return new NotSigned(
      'Not under this address',
      `Passkeys work under names, not under addresses such as ${location.hostname}. On the gateway’s own machine open ${onLocalhost()} and sign in there; from elsewhere use its https name.`,
    )
  if (!isSecureContext || typeof PublicKeyCredential === 'undefined')
    return new NotSigned(
      'Not on this page',
      'Passkeys need https, or http://localhost on the gateway’s own machine. Open this page so, and sign in there.',
    )
  if (typeof PublicKeyCredential.parseRequestOptionsFromJSON !== 'function')
    return new NotSigned(
      'This browser is too old',
      'It cannot read what a passkey would have to sign. Use a current Chrome, Edge, Firefox or Safari.',
    )
  return null
}

/** This page by the name that passkeys work with. */
const onLocalhost = (): string => `${location.protocol}//localhost${location.port === '' ? '' : `:${location.port}`}`

/**
 * Has a passkey of this person sign.
 *
 * @param options as the gateway made them, WebAuthn's JSON.
 * @returns the answer in the same JSON.
 * @throws {NotSigned} when it did not: in words, with nothing decided.
 */
export async function signWith(options: Record<string, unknown>): Promise<unknown> {
  return asked('sign', () => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      options as unknown as PublicKeyCredentialRequestOptionsJSON,
    )
    // Asked for here too, so that no gateway can forget it: somebody is there, and it is they.
    return navigator.credentials.get({ publicKey: { ...publicKey, userVerification: 'required' } })
  })
}

/** Makes a new passkey on a device of this person. As `signWith`. */
export async function makeKey(options: Record<string, unknown>): Promise<unknown> {
  return asked('make', () =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        options as unknown as PublicKeyCredentialCreationOptionsJSON,
      ),
    }),
  )
}

async function asked(what: 'sign' | 'make', ask: () => Promise<Credential | null>): Promise<unknown> {
  const fault = hostFault()
  if (fault !== null) throw fault
  let credential: Credential | null
  try {
    credential = await ask()
  } catch (cause) {
    throw inWords(what, cause)
  }
  if (!(credential instanceof PublicKeyCredential)) throw inWords(what, undefined)
  return credential.toJSON()
}

/** Browsers say little on purpose: one name for a closed window, a wrong finger and a device without a passkey. */
function inWords(what: 'sign' | 'make', cause: unknown): NotSigned {
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'SecurityError')
    return new NotSigned(
      'Not under this name',
      `Your passkeys were made for another name than ${location.hostname}. Open the page as you did when you made them, or enrol one here.`,
      { helps: 'access', cause },
    )
  if (name === 'InvalidStateError')
    return new NotSigned(
      'You have one there already',
      'That device holds a passkey of yours already. Choose another device, or revoke the old one first.',
      { cause },
    )
  if (what === 'make')
    return new NotSigned(
      'No passkey was made',
      'The question was closed, took too long, or the device did not recognise you. Nothing has changed: try again.',
      { cause },
    )
  return new NotSigned(
    'Not signed',
    'The question was closed, took too long, the device did not recognise you, or it holds no passkey of yours. Nothing was decided: try again, or use another device of yours.',
    { helps: 'access', cause },
  )
}
