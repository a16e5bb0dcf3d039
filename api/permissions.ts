import type { RequestHandler } from 'express'
import { z } from 'zod'
import { ApiError } from './api-error.ts'

/** The names of properties that lead from a token's claims to the permissions of its bearer. */
export type ClaimPath = readonly string[]

/** The claims that RFC 8693 section 4.2 and RFC 9068 section 2.2.3 write as one string with blanks in it. */
const scopeNames = ['scope', 'scp']

/** Names with dots between; one with a colon is the name of a single claim, as URLs are (RFC 7519 section 4.2). */
export function claimPath(setting: string): ClaimPath {
  return setting.includes(':') ? [setting] : setting.split('.')
}

export const permissionsClaim = z
  .string()
  .refine(
    (value) =>
      !/[\s"'`\\]/.test(value) && claimPath(value).every((name) => name !== '' && name !== '__proto__'),
    'must be the name of a claim such as permissions or scope, or a path such as realm_access.roles',
  )
  .transform(claimPath)
  .default(['permissions'])

/** Lets a request through when its access token grants the permission. Behind requireAccessToken. */
export function requirePermission(claim: ClaimPath, permission: string): RequestHandler {
  return (_req, res, next) => {
    if (grants(res.locals.claims, claim, permission)) return next()
    next(
      new ApiError(403, `The token lacks ${permission}`, {
        denial: 'permission',
        body: { message: 'Permission denied' },
        challenge: `Bearer realm="api", error="insufficient_scope", error_description="The access token lacks the permission", scope="${permission}"`,
      }),
    )
  }
}

/** Whether the claims name the permission, letter for letter, at the end of the path. */
export function grants(claims: unknown, path: ClaimPath, permission: string): boolean {
  const found = path.reduce(ownProperty, claims)
  // Only where a blank is known to part names. Elsewhere a string is one name, and to look into it with `includes`
  // would find the permission as a part of any longer one.
  if (typeof found === 'string' && scopeNames.includes(path.at(-1) ?? '')) {
    return found.split(' ').includes(permission)
  }
  // A list of anything else is not what it should be, whatever is in it besides.
  return Array.isArray(found) && found.every((each) => typeof each === 'string') && found.includes(permission)
}

/** Never what is inherited: `__proto__` in a token must not lend permissions. Nor a place in a list. */
function ownProperty(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}
