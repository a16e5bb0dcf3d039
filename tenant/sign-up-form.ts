import { z } from 'zod'

const email = z.email().max(254)

/** What is wrong with a sign-up, as a sentence for the person who typed it; undefined: nothing. */
export function signUpProblem(typed: { email: string; password: string }): string | undefined {
  if (!email.safeParse(typed.email.trim()).success) return 'Enter an e-mail address such as you@example.com.'
  if (typed.password.length < 8) return 'Choose a password of at least 8 characters.'
  // scrypt would take any length; this bounds the work one request can cause.
  if (typed.password.length > 256) return 'Choose a password of at most 256 characters.'
  return undefined
}
