import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose'
import { type Instant, toMs } from '../../values/instant.ts'

/** What a token of the fake may have wrong with it. */
export const BAD = [
  'wrong-audience',
  'two-audiences',
  'wrong-issuer',
  'wrong-key',
  'no-endorsements',
  'no-serviceurl',
  'other-serviceurl',
  'expired',
  'no-exp',
  'not-yet',
  'rs512',
  'hs256-public-key',
  'none',
  'unknown-kid',
  'no-kid',
] as const
export type Bad = (typeof BAD)[number]

type Pair = { readonly kid: string; readonly privateKey: CryptoKey; readonly publicKey: CryptoKey; readonly jwk: JWK }

const ISSUER = 'https://api.botframework.com'
const LIFE_S = 3600

/** Signs as Teams does, with keys that live as long as the process. */
export type Signer = {
  /** The key set as it is published. */
  jwks(): { readonly keys: readonly object[] }
  /** From now on another key signs, and the old one is published no longer. */
  rotate(): Promise<void>
  sign(to: {
    readonly appID: string
    readonly serviceUrl: string
    readonly bad?: Bad
    readonly ageS?: number
  }): Promise<string>
}

export async function openSigner(now: () => Instant): Promise<Signer> {
  let made = 0
  const pair = async (): Promise<Pair> => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    return { kid: `key-${++made}`, privateKey, publicKey, jwk: await exportJWK(publicKey) }
  }
  let good = await pair()
  const [unendorsed, foreign] = await Promise.all([pair(), pair()])

  return {
    jwks: () => ({
      keys: [
        { ...good.jwk, use: 'sig', kid: good.kid, endorsements: ['msteams', 'skype'] },
        { ...unendorsed.jwk, use: 'sig', kid: unendorsed.kid, endorsements: ['webchat'] },
      ],
    }),
    async rotate() {
      good = await pair()
    },
    async sign({ appID, serviceUrl, bad, ageS = 0 }) {
      const nowS = Math.floor(toMs(now()) / 1000) - ageS
      const claims = {
        iss: bad === 'wrong-issuer' ? 'https://sts.windows.net/' : ISSUER,
        aud:
          bad === 'wrong-audience'
            ? '00000000-0000-0000-0000-00000000dead'
            : bad === 'two-audiences'
              ? [appID, '00000000-0000-0000-0000-00000000dead']
              : appID,
        nbf: bad === 'not-yet' ? nowS + 600 : nowS - 60,
        ...(bad !== 'no-exp' && { exp: bad === 'expired' ? nowS - 120 : nowS + LIFE_S }),
        ...(bad !== 'no-serviceurl' && {
          serviceurl: bad === 'other-serviceurl' ? 'https://smba.trafficmanager.net/elsewhere/' : serviceUrl,
        }),
      }
      if (bad === 'none') return new UnsecuredJWT(claims).encode()
      const key = bad === 'wrong-key' ? { ...foreign, kid: good.kid } : bad === 'no-endorsements' ? unendorsed : good
      const kid = bad === 'unknown-kid' ? 'key-nobody-has' : key.kid
      const header = { typ: 'JWT', ...(bad !== 'no-kid' && { kid }) }
      if (bad === 'hs256-public-key') {
        const secret = Buffer.from(await exportSPKI(good.publicKey))
        return new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret)
      }
      if (bad === 'rs512') {
        const rs512 = await crypto.subtle.importKey(
          'pkcs8',
          await crypto.subtle.exportKey('pkcs8', key.privateKey),
          { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
          false,
          ['sign'],
        )
        return new SignJWT(claims).setProtectedHeader({ ...header, alg: 'RS512' }).sign(rs512)
      }
      return new SignJWT(claims).setProtectedHeader({ ...header, alg: 'RS256' }).sign(key.privateKey)
    },
  }
}
