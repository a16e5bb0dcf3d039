import type { Claims } from '../session/session.ts'

/** Claims about the token and the login rather than about the user; the list of Auth0's own single-page SDK. */
const protocolClaims = new Set(
  (
    'iss aud exp nbf iat jti azp nonce auth_time at_hash c_hash acr amr sub_jwk cnf sip_from_tag sip_date ' +
    'sip_callid sip_cseq_num sip_via_branch orig dest mky events toe txn rph sid vot vtm'
  ).split(' '),
)

/** What the ID token says about the user, in its own order. */
export function userClaims(claims: Claims): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !protocolClaims.has(name)))
}

/** How to address the user. Claims are the provider's: none but `sub` has to be there, or has to be text. */
export function nameOf(claims: Claims): string {
  return textIn(claims.name) ?? textIn(claims.nickname) ?? emailOf(claims) ?? claims.sub
}

export function emailOf({ email }: Claims): string | undefined {
  return textIn(email)
}

/**
 * Where the user's picture is: anywhere by https, or by http at the identity provider itself (the embedded
 * tenant has no https). Do not replace this by a check of the text: "javascript:" has many spellings, and
 * escaping does not stop it inside an attribute that takes an address.
 */
export function pictureOf({ picture, iss }: Claims): string | undefined {
  const url = URL.parse(textIn(picture) ?? '')
  if (url?.protocol === 'https:') return url.href
  return url?.protocol === 'http:' && url.origin === URL.parse(textIn(iss) ?? '')?.origin
    ? url.href
    : undefined
}

function textIn(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim.trim() !== '' ? claim : undefined
}
