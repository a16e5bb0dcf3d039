import { vi } from 'vitest'
import type { Page } from './browser.ts'
import type { Program } from './program.ts'
import type { Stack } from './stack.ts'

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The numbers of the processes that serve now, in the order in which they began. */
export const workersOf = ({ log }: Program): number[] =>
  log.filter(({ msg, pid }) => msg === 'serving' && isAlive(Number(pid))).map(({ pid }) => Number(pid))

/** Which process an answer is from. */
export async function answeredBy({ bff }: Stack, { headers }: Pick<Page, 'headers'>): Promise<number> {
  const id = headers.get('x-request-id')
  return Number((await bff.line(({ msg, requestId }) => msg === 'request' && requestId === id)).pid)
}

/** Asks, each time on a connection of its own, until the answer is from that process. */
export function answerOf<Answer extends Pick<Page, 'headers'>>(
  stack: Stack,
  pid: number | undefined,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await ask()
      if ((await answeredBy(stack, answer)) !== pid) throw new Error(`Process ${pid} does not answer`)
      return answer
    },
    { timeout: 60_000, interval: 10 },
  )
}
