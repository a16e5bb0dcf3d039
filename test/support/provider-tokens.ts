/** Whom a token is for, and what it grants. */
export interface Parties {
  readonly issuer: string
  /** The API's identifier. */
  readonly audience: string
  readonly permissions: readonly string[]
}

export interface Token {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Tokens of the shape that a provider publishes (docs/providers.md has the sources); a claim of undefined is not there. */
export interface ProviderTokens {
  user(parties: Parties): Token
  service(parties: Parties): Token
  /** What the gateway gets at the same login; with the same roles, where the provider puts them there. */
  idToken(parties: Parties): Token
}

const kid = 'first'
export const typed = { alg: 'RS256', typ: 'JWT', kid }
const untyped = { kid, alg: 'RS256' }
const now = () => Math.floor(Date.now() / 1000)
export const lives = (seconds: number) => ({ iat: now(), exp: now() + seconds })
export const some = <Item>(list: readonly Item[]) => (list.length > 0 ? list : undefined)

const realmRoles = { roles: ['default-roles-main', 'offline_access', 'uma_authorization'] }
const keycloakClient = ({ audience, permissions }: Parties) => ({
  aud: [audience, 'account'],
  realm_access: realmRoles,
  resource_access: {
    ...(permissions.length > 0 && { [audience]: { roles: permissions } }),
    account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] },
  },
})

/** With the client roles of the API, and an audience mapper. */
export const keycloak: ProviderTokens = {
  user: (parties) => ({
    header: typed,
    claims: {
      ...lives(300),
      auth_time: now(),
      jti: 'onrtac:4c8f8b7e-0b1a-4a55-8d3b-5b1c9b6a2f10',
      iss: parties.issuer,
      sub: 'f7f3c2a1-4d0b-4c7e-9a53-6f1d2b8e9c04',
      typ: 'Bearer',
      azp: 'cloakroom',
      sid: '0a6b7c1d-5e2f-4b3a-8c9d-7e6f5a4b3c2d',
      acr: '1',
      'allowed-origins': ['http://localhost:4040'],
      ...keycloakClient(parties),
      scope: 'openid profile email offline_access',
      email_verified: true,
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      email: 'ada@example.com',
    },
  }),
  service: (parties) => ({
    header: typed,
    claims: {
      ...lives(300),
      jti: 'trrtcc:8a0f7d62-1b9c-4e3d-a2f5-0c4b6d8e1f73',
      iss: parties.issuer,
      sub: 'b6cc7aa0-1af0-460e-9174-e05c881fb6d4',
      typ: 'Bearer',
      azp: 'messages-service',
      acr: '1',
      ...keycloakClient(parties),
      scope: 'profile email',
      clientHost: '10.0.0.2',
      email_verified: false,
      preferred_username: 'service-account-messages-service',
      clientAddress: '10.0.0.2',
      client_id: 'messages-service',
    },
  }),
  idToken: (parties) => ({
    header: typed,
    claims: {
      ...lives(300),
      iss: parties.issuer,
      sub: 'f7f3c2a1-4d0b-4c7e-9a53-6f1d2b8e9c04',
      typ: 'ID',
      azp: 'cloakroom',
      nonce: 'n-0S6_WzA2Mj',
      preferred_username: 'ada',
      ...keycloakClient(parties),
      aud: 'cloakroom',
    },
  }),
}

const entraTimes = () => ({ iat: now(), nbf: now(), exp: now() + 3900 })
const entraUser = {
  name: 'Abe Lincoln',
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  preferred_username: 'abeli@example.com',
  sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
  tid: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
  ver: '2.0',
}

/** Version 2, with app roles. Without one there is no claim `roles`. */
export const entra: ProviderTokens = {
  user: ({ issuer, audience, permissions }) => ({
    header: typed,
    claims: {
      aud: audience,
      iss: issuer,
      ...entraTimes(),
      aio: 'AXQAi/8IAAAAtAaZLo3ChMif6KOnttRB7eBq4/DccQzjcJGxPYy',
      azp: '00001111-aaaa-2222-bbbb-3333cccc4444',
      azpacr: '1',
      rh: '0.AXQAi8IAAAAtAaZLo3ChMif6KOnttRB7eBq4.',
      roles: some(permissions),
      scp: 'access_as_user',
      uti: 'fqiBqXLPj0eQa82S-IYFAA',
      ...entraUser,
    },
  }),
  service: ({ issuer, audience, permissions }) => ({
    header: typed,
    claims: {
      aud: audience,
      iss: issuer,
      ...entraTimes(),
      aio: 'k2JgYIjYflXSc2uLsCp7yoIdwicvi8cZ330VsXLO3zqBCgNlzbMA',
      azp: '22223333-cccc-4444-dddd-5555eeee6666',
      azpacr: '1',
      oid: 'a76af145-b80a-4fd9-9c76-bf56f8b3b009',
      rh: '1.ARMBJq1glm2JOESgE-PuI7V7fO8owc3KCcpGo0lXwMJIytc6AQATAQ.',
      roles: some(permissions),
      sub: 'a76af145-b80a-4fd9-9c76-bf56f8b3b009',
      tid: 'aaaabbbb-0000-cccc-1111-dddd2222eeee',
      uti: 'DTC1G0ijhESz2e3QkNyXAA',
      ver: '2.0',
    },
  }),
  idToken: ({ issuer, permissions }) => ({
    header: typed,
    claims: {
      aud: '00001111-aaaa-2222-bbbb-3333cccc4444',
      iss: issuer,
      ...entraTimes(),
      nonce: 'n-0S6_WzA2Mj',
      roles: some(permissions),
      ...entraUser,
    },
  }),
}

const oktaIds = { ver: 1, cid: '0oa1cloakroom2345678', uid: '00ujmkLgagxeRrAg20g3' }

/** Of a custom authorization server, for a client that asks for the scope. */
export const okta: ProviderTokens = {
  user: ({ issuer, audience, permissions }) => ({
    header: untyped,
    claims: {
      ...oktaIds,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      iss: issuer,
      aud: audience,
      ...lives(3600),
      scp: ['openid', 'profile', 'email', 'offline_access', ...permissions],
      auth_time: now(),
      sub: 'john.doe@example.com',
    },
  }),
  service: ({ issuer, audience, permissions }) => ({
    header: untyped,
    claims: {
      ver: 1,
      jti: 'AT.7P4KlczBYVcWLkxduEuKeZfeiNYkZIC9uGJ28Cc-YaI',
      iss: issuer,
      aud: audience,
      ...lives(3600),
      cid: '0oa9service123456789',
      // A service has to ask for one scope at least.
      scp: some(permissions) ?? ['read:messages'],
      sub: '0oa9service123456789',
    },
  }),
  idToken: ({ issuer, permissions }) => ({
    header: untyped,
    claims: {
      sub: '00ujmkLgagxeRrAg20g3',
      name: 'John Doe',
      ver: 1,
      iss: issuer,
      aud: oktaIds.cid,
      ...lives(3600),
      jti: 'ID.4eAWJOCMB3SX8XewDfVR',
      amr: ['pwd'],
      nonce: 'n-0S6_WzA2Mj',
      preferred_username: 'john.doe@example.com',
      auth_time: now(),
      scp: permissions,
      permissions,
    },
  }),
}

/** The same for the gateway, which asks for no such scope: a claim with the groups of a user. */
export const oktaGroups: ProviderTokens = {
  ...okta,
  user: (parties) => {
    const { header, claims } = okta.user({ ...parties, permissions: [] })
    return { header, claims: { ...claims, permissions: some(parties.permissions) } }
  },
}
