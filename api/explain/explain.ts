import { type IssuerKeys, KeysOutOfReachError } from '../../shared/issuer-keys.ts'
import type { Config } from '../config.ts'
import { adminPermission } from '../messages.ts'
import { grants } from '../permissions.ts'
import { type Check, checks, TokenError, verifyAccessToken } from '../verify.ts'

export type Verdict = 'good' | 'refused' | 'unknown'

interface Explanation {
  readonly verdict: Verdict
  readonly lines: readonly string[]
}

/**
 * What the API makes of a token: each check in its order, and the first one that fails. Of the token itself it says no
 * more than the names of its claims and its times, so that the text can be sent to somebody who should not have it.
 */
export async function explain(token: string, config: Config, keys: IssuerKeys): Promise<Explanation> {
  const { claims, failure } = await verifyAccessToken(token, config, keys).then(
    (verified) => ({ claims: verified.claims, failure: undefined }),
    (error: unknown) => ({ claims: undefined, failure: asFailure(error) }),
  )
  const at = failure ? checks.indexOf(failure.check) : checks.length
  const results = checks.map((check, index) => {
    const result = index < at ? 'ok' : index > at ? 'not reached' : `FAILS: ${failure?.reason}`
    return `  ${check.padEnd(10)} ${result}`
  })
  return {
    verdict: failure?.verdict ?? 'good',
    lines: [
      `As an API with these settings sees it: issuer ${config.issuer}, audience ${config.audience},`,
      `ACCESS_TOKEN_TYP=${config.accessTokenTyp}, PERMISSIONS_CLAIM=${config.permissionsClaim.join('.')}`,
      '',
      ...results,
      `  ${'permission'.padEnd(10)} ${claims ? permissionLine(claims, config) : 'not reached'}`,
      '',
      ...claimLines(token),
    ],
  }
}

function permissionLine(claims: unknown, { permissionsClaim }: Config): string {
  const has = grants(claims, permissionsClaim, adminPermission)
  return has ? `ok: ${adminPermission}` : `without ${adminPermission}: the admin message is 403`
}

function asFailure(error: unknown): { check: Check; reason: string; verdict: Verdict } {
  if (error instanceof TokenError) return { check: error.check, reason: error.message, verdict: 'refused' }
  if (!(error instanceof KeysOutOfReachError)) throw error
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return { check: 'key', reason: `${error.message}${cause}; the API would answer 503`, verdict: 'unknown' }
}

function claimLines(token: string): string[] {
  const claims = claimsIn(token)
  if (!claims) return ['It has no claims that could be read.']
  const names = Object.keys(claims).slice(0, 100)
  const times = ['iat', 'nbf', 'exp'].flatMap((name) => {
    const seconds = Object.hasOwn(claims, name) ? claims[name] : undefined
    return typeof seconds === 'number' ? [`  ${name}  ${timeOf(seconds)}`] : []
  })
  return [`Its claims: ${names.map(printable).join(', ')}`, ...times]
}

/** Whatever is there, also in a token that is no good. */
function claimsIn(token: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function timeOf(seconds: number): string {
  const distance = seconds - Date.now() / 1000
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return 'is no time'
  return `${date.toISOString()}  (${distance > 0 ? `in ${Math.round(distance)} s` : `${Math.round(-distance)} s ago`})`
}

/** A name may be anything, also what a terminal obeys. */
const printable = (name: string) =>
  name
    .slice(0, 60)
    .replaceAll(/[^\x21-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
