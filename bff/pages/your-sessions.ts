import Bowser from 'bowser'
import { HttpError } from '../http-error.ts'
import type { LoadPage } from './page-data.ts'
import { timeAgo } from './times.ts'

/** The sessions of whoever asks. */
export const yourSessions: LoadPage = async ({ visitor }) => {
  if (!visitor) throw new HttpError(401, 'A list of sessions without a visitor')
  const sessions = await visitor.sessions()
  return {
    status: 200,
    data: {
      sessions: sessions.map(({ key, isThis, seenAt, about }) => ({
        key,
        isThis,
        browser: browserOf(about?.userAgent ?? ''),
        signedIn: about && timeAgo(about.signedInAt),
        seen: timeAgo(seenAt),
      })),
    },
  }
}

/** What a User-Agent header says, without versions: browsers do not tell the truth about these. */
export function browserOf(userAgent: string): string {
  // The parser takes no empty text.
  const { browser, os } = userAgent === '' ? {} : Bowser.parse(userAgent)
  const system = os?.name && ` on ${os.name}`
  return `${browser?.name || 'Unknown browser'}${system ?? ''}`
}
