import { AsyncLocalStorage } from 'node:async_hooks'
import { tellingPart } from './token-search.ts'

/** What must not be in the answer to one request. */
export interface TokensInHand {
  /** The telling parts of the tokens, a blank between. */
  text: string
  readonly noted: Set<string>
}

const inHand = new AsyncLocalStorage<TokensInHand>()

/** Does the work for one request: the tokens that are noted in the course of it are its own. */
export const withTokensInHand = (tokens: TokensInHand, work: () => void): void => inHand.run(tokens, work)

/**
 * Says that the request which is being served has got hold of these tokens. It is said where a token comes out of a
 * row or from the provider, and goes by the request's context, not by a parameter: no route can forget it.
 */
export function noteTokens(...tokens: readonly (string | undefined)[]): void {
  const held = inHand.getStore()
  if (!held) return
  for (const token of tokens) {
    if (token === undefined || held.noted.has(token)) continue
    held.noted.add(token)
    held.text += ` ${tellingPart(token)}`
  }
}
