import type { Page } from '../../../../test/support/browser.ts'
import { withProvider } from '../../../probes/set-ups.ts'
import type { Target } from '../../../target.ts'
import { ask } from '../../rfc9068/lab/api.ts'

/** How the API answers each kind of credentials that it does not take. */
export const refusals = (target: Target): Promise<Readonly<Record<string, Page>>> =>
  target.once('refusals of the API', async () => {
    const { provider } = await withProvider(target)
    const token = await provider.token()
    return {
      'no credentials': await ask(target, undefined),
      'credentials of another scheme': await ask(target, 'Basic eDp5'),
      'a malformed header': await ask(target, 'Bearer'),
      'an expired token': await ask(target, `Bearer ${await provider.token({ exp: 1 })}`),
      'a token without the permission': await ask(target, `Bearer ${token}`, 'admin'),
    }
  })

export interface Challenge {
  readonly scheme: string
  /** In order: one that is there twice is twice in here. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

/** A challenge as RFC 9110 section 11.6.1 writes it; undefined: there is none, or it is another text. */
export function challengeOf({ headers }: Page): Challenge | undefined {
  const [, scheme, rest = ''] = /^(\w+)(?: +(.*))?$/.exec(headers.get('www-authenticate') ?? '') ?? []
  if (scheme === undefined) return undefined
  const found = [...rest.matchAll(/([\w-]+) *= *(?:"((?:[^"\\]|\\.)*)"|([\w-]+))(?: *, *|$)/g)]
  if (found.map(([text]) => text).join('') !== rest) return undefined
  return { scheme, parameters: found.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]) }
}

export const parameterOf = (challenge: Challenge | undefined, name: string): string | undefined =>
  challenge?.parameters.find(([each]) => each === name)?.[1]
