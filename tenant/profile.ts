import { demoUsers, type User } from './users.ts'

/** The claims of the scopes profile and email, as Auth0 makes them of an e-mail address. */
export function profileOf(user: User, issuer: string): Record<string, unknown> {
  const demo = demoUsers.some(({ email }) => email === user.email)
  const initial = /^[a-z0-9]/.exec(user.email)?.[0] ?? 'other'
  return {
    nickname: user.email.split('@')[0],
    name: user.email,
    picture: `${issuer}avatars/${initial}.svg`,
    updated_at: user.updatedAt,
    email: user.email,
    email_verified: demo,
  }
}

/** Which of those claims belong to which scope (OpenID Connect Core section 5.4). */
export const scopeClaims = {
  openid: ['sub'],
  profile: ['nickname', 'name', 'picture', 'updated_at'],
  email: ['email', 'email_verified'],
}
