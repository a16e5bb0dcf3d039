import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFormToken, formKey } from '../../bff/session/form-token.ts'
import type { Stack } from './stack.ts'

/** What the forms of pages have that are shown to the holder of a ticket, without asking for one. */
export function formTokenFor({ environment, folder }: Stack, ticket: string): string {
  const secret =
    environment.SESSION_SECRET ?? readFileSync(join(folder, 'data', 'session-secret'), 'utf8').trim()
  return createFormToken(formKey(secret.split(',')[0]?.trim() ?? ''), ticket)
}
