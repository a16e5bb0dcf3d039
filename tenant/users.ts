import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { hashPassword, isPassword } from './passwords.ts'

export interface User {
  readonly id: string
  readonly email: string
  readonly role: string | undefined
  /** ISO 8601. */
  readonly updatedAt: string
}

export interface Users {
  findById(id: string): User | undefined
  /** One of the users whose password the login page shows. */
  findDemoUser(email: string): User | undefined
  /** The user, unless e-mail or password is wrong. */
  logIn(email: string, password: string): Promise<User | undefined>
  /** The new user, who has no role; undefined when the e-mail is taken. */
  signUp(email: string, password: string): Promise<User | undefined>
}

export const demoPassword = 'Passw0rd!'
export const demoUsers = [
  { email: 'admin@example.com', role: 'messages-admin', about: 'may read admin messages' },
  { email: 'user@example.com', role: undefined, about: 'may not read admin messages' },
] as const

const permissionsOfRoles: Readonly<Record<string, readonly string[]>> = {
  'messages-admin': ['read:admin-messages'],
}

export function permissionsOf({ role }: User): readonly string[] {
  return permissionsOfRoles[role ?? ''] ?? []
}

/** The tenant's users; creates the demo users when they are missing. */
export async function openUsers(database: DatabaseSync): Promise<Users> {
  const insert = database.prepare(
    `INSERT INTO users (id, email, password, role, updated_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (email) DO NOTHING RETURNING *`,
  )
  const byId = database.prepare('SELECT * FROM users WHERE id = ?')
  const byEmail = database.prepare('SELECT * FROM users WHERE email = ?')

  const create = async (email: string, password: string, role: string | null) => {
    const id = `auth0|${randomBytes(12).toString('hex')}`
    const hash = await hashPassword(password)
    return toUser(insert.get(id, normalize(email), hash, role, new Date().toISOString()))
  }

  await Promise.all(
    demoUsers.map(async ({ email, role }) => {
      if (!byEmail.get(email)) await create(email, demoPassword, role ?? null)
    }),
  )

  return {
    findById: (id) => toUser(byId.get(id)),
    findDemoUser: (email) =>
      demoUsers.some((user) => user.email === email) ? toUser(byEmail.get(email)) : undefined,
    logIn: async (email, password) => {
      const row = byEmail.get(normalize(email))
      return row && (await isPassword(password, String(row.password))) ? toUser(row) : undefined
    },
    signUp: (email, password) => create(email, password, null),
  }
}

const normalize = (email: string) => email.trim().toLowerCase()

function toUser(row: Record<string, unknown> | undefined): User | undefined {
  return (
    row && {
      id: String(row.id),
      email: String(row.email),
      role: typeof row.role === 'string' ? row.role : undefined,
      updatedAt: String(row.updated_at),
    }
  )
}
