import { type Control, finding, notApplicable, type Probe } from '../../../control.ts'
import { authorizationRequests } from './login.ts'

type Judge = (asked: URLSearchParams, all: readonly URLSearchParams[]) => readonly Probe[]

/** Looks at what the browser carries to the provider, which may be nothing. */
export const asked =
  (judge: Judge): Control['check'] =>
  async (target) => {
    const all = (await authorizationRequests(target)).map(({ searchParams }) => searchParams)
    const [first = new URLSearchParams()] = all
    return first.has('request_uri')
      ? notApplicable(
          'The authorization request is pushed (RFC 9126): the browser carries a reference to it only',
        )
      : finding(judge(first, all))
  }
