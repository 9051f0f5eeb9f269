/**
 * How sure it is that a person said this, from weak to strong. L0: a machine did, within what a person armed. L1: a click
 * in a signed-in page, on the command line, or in a chat that the channel vouches for. L2: a passkey signed this very
 * order. L3: two people did, each with a passkey.
 */
export const LEVELS = ['L0', 'L1', 'L2', 'L3'] as const
export type Level = (typeof LEVELS)[number]

/** Who clicked, as the channel proves it: never a name or an address, which anybody may change. */
export type ChannelUser = {
  readonly provider: 'slack' | 'teams'
  /** The workspace or organisation (Slack: `enterprise.id`, or `team.id` without one; Teams: the tenant id). */
  readonly tenant: string
  /** Slack `user.id`; Teams `aadObjectId`. */
  readonly user: string
}

/** The click of a chat. `proof` names the one request that carried it: never the request itself, which holds secrets. */
export type ChannelClick = ChannelUser & {
  readonly kind: 'channel'
  /** Slack `api_app_id`; Teams the app id of the bot. */
  readonly app: string
  /** The conversation, and the message in it, as the channel names them; null where it says nothing of them. */
  readonly conversation: string | null
  readonly message: string | null
  readonly transport: 'http' | 'socket'
  /** Hex SHA-256 of the signature (Slack over HTTP), of the envelope id (Slack's socket) or of the bearer token with the activity id (Teams). */
  readonly proof: string
}

/** What a passkey signed, whole: anybody with the public key can look again years later. All base64url. */
export type PasskeyAssertion = {
  readonly kind: 'passkey'
  readonly credentialID: string
  readonly envelope: Envelope
  readonly clientDataJSON: string
  readonly authenticatorData: string
  readonly signature: string
}

/** A session of the web page or of the command line; `session` is the start of its hash. */
export type SessionClick = { readonly kind: 'session'; readonly session: string }

/** Nobody clicked: a person had armed the strategy beforehand, within bounds. */
export type Armed = { readonly kind: 'armed'; readonly armingID: string }

export type Evidence = SessionClick | ChannelClick | PasskeyAssertion | Armed

/** How sure each kind of evidence is by itself. */
export const LEVEL_OF: Readonly<Record<Evidence['kind'], Level>> = {
  armed: 'L0',
  session: 'L1',
  channel: 'L1',
  passkey: 'L2',
}

/** What is signed with a passkey: the canonical JSON of this, and nothing else, is hashed into the challenge. */
export type Envelope = {
  readonly v: 1
  readonly purpose: 'jax.approval' | 'jax.change'
  /** The intent, or the change, that is decided. */
  readonly approval_id: string
  readonly approver: string
  readonly decision: 'approve' | 'reject'
  /** RFC 3339 UTC: until when the signature may be handed in. */
  readonly expires_at: string
  /** 128 random bits, base64url. */
  readonly nonce: string
  readonly order_digest: string
  readonly policy_version: string
}
