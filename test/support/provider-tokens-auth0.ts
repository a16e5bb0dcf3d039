import { lives, type ProviderTokens, some, type Token, typed } from './provider-tokens.ts'

/** With RBAC and "Add Permissions in the Access Token". A day is its default lifetime, and the longest the API takes. */
export const auth0: ProviderTokens = {
  user: ({ issuer, audience, permissions }) => ({
    header: typed,
    claims: {
      iss: issuer,
      sub: 'auth0|6553da60a54af58e29493993',
      aud: [audience, `${issuer}userinfo`],
      ...lives(86_400),
      scope: 'openid profile email offline_access',
      azp: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
      permissions,
    },
  }),
  service: ({ issuer, audience, permissions }) => ({
    header: typed,
    claims: {
      iss: issuer,
      sub: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients',
      aud: audience,
      ...lives(86_400),
      scope: some(permissions)?.join(' '),
      gty: 'client-credentials',
      azp: 'awZfdIir8YFdGZWkvCejDoUb7SjTDicx',
      permissions,
    },
  }),
  idToken: ({ issuer, permissions }) => ({
    header: typed,
    claims: {
      iss: issuer,
      sub: 'auth0|6553da60a54af58e29493993',
      aud: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
      ...lives(36_000),
      nonce: 'n-0S6_WzA2Mj',
      sid: 'H5bLk1cZ8v',
      name: 'Ada',
      permissions,
    },
  }),
}

const without = ({ header, claims }: Token, ...names: readonly string[]): Token => ({
  header,
  claims: Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name))),
})

/** Without RBAC: what a service was authorised for is in its scope only. */
export const auth0WithoutRbac: ProviderTokens = {
  ...auth0,
  user: (parties) => without(auth0.user(parties), 'permissions'),
  service: (parties) => without(auth0.service(parties), 'permissions'),
}

/** The RFC 9068 profile of an API. */
export const auth0Rfc9068: ProviderTokens = {
  ...auth0,
  user: (parties) => rfc9068(auth0.user(parties)),
  service: (parties) => rfc9068(auth0.service(parties)),
}

function rfc9068(token: Token): Token {
  const { claims } = without(token, 'azp', 'gty')
  const more = { client_id: token.claims.azp, jti: '73WakrfVbNJBaAmhQtEeDv' }
  return { header: { ...typed, typ: 'at+jwt' }, claims: { ...claims, ...more } }
}
