import { parseArgs } from 'node:util'

export const usage = `npm run review -- [options]

  --url ADDRESS      reviews a gateway that runs there; without it the programs of this checkout are started
                     A session for what needs one: REVIEW_COOKIE="name=value" in the environment
  --program FILE     starts another gateway program in the place of bff/main.ts
  --login PATH  --logout PATH  --page PATH  --api PATH
                     where the gateway has its login and logout, a page that needs a login, and a proxied route
  --only START       only the controls whose name begins with that: RFC10017, ASVS-3.4
  --exceptions FILE  what is accepted, by whom and until when (review/exceptions.json, but for --program)
  --out FOLDER       where the reports go (review-report)
`

/** What the shipped gateway does not meet; of another program it says nothing. */
const ours = `${import.meta.dirname}/exceptions.json`

/** What was asked for cannot be done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Throws UsageError. */
export function readOptions() {
  try {
    const string = { type: 'string' } as const
    const { values } = parseArgs({
      options: {
        url: string,
        program: string,
        login: { ...string, default: '/login' },
        logout: { ...string, default: '/logout' },
        page: { ...string, default: '/profile' },
        api: { ...string, default: '/api/messages/protected' },
        only: { ...string, default: '' },
        exceptions: string,
        out: { ...string, default: 'review-report' },
      },
    })
    return { ...values, exceptions: values.exceptions ?? (values.program ? undefined : ours) }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
