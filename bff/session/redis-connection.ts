import { setTimeout as wait } from 'node:timers/promises'
import { createClient, RESP_TYPES } from '@redis/client'
import type { Log } from '../../shared/log.ts'
import { scripts } from './redis-scripts.ts'

/** How long Redis may take for an answer, and for letting us in. Far below what a visitor takes for an outage. */
const deadline = 500
const longestPause = 2000

type Client = ReturnType<typeof newClient>

export interface RedisConnection {
  /** Rejects when Redis cannot be reached, does not answer in time, or says that it cannot. */
  readonly run: <Result>(work: (client: Client) => Promise<Result>) => Promise<Result>
  readonly close: () => Promise<void>
}

/**
 * One connection, made anew for as long as it takes whenever it is lost. Resolves when the first attempt has
 * come to an end, good or bad: a gateway starts while its Redis is down.
 */
export async function connectToRedis(url: string, log: Log): Promise<RedisConnection> {
  let client = newClient(url)
  let usable: boolean | undefined
  let closed = false
  const pending = new Set<Promise<unknown>>()

  /** A line when it changes, not one for each attempt. No line holds the address: it can have a password. */
  function note(now: boolean, error?: unknown): void {
    if (usable === now || closed) return
    if (!now) log.error({ err: error }, 'Redis cannot be used; trying again until it can')
    else if (usable === false) log.info('Redis can be used again')
    usable = now
  }

  async function connect(attempt: number): Promise<void> {
    const current = client
    let reason: unknown = new Error(`Redis did not answer within ${deadline} ms`)
    current.on('error', (error) => {
      reason = error
    })
    const over = new Promise<void>((resolve) => current.once('terminated', resolve).once('end', resolve))
    try {
      await inTime(current, current.connect())
      // Closed while it was being made.
      if (closed) return current.destroy()
      note(true)
      void over.then(() => again(0, reason))
    } catch (error) {
      current.destroy()
      again(attempt + 1, error)
    }
  }

  function again(attempt: number, reason: unknown): void {
    note(false, reason)
    const pause = Math.min(longestPause, 50 * 2 ** attempt)
    // A random part, so that many gateways do not come back in one moment.
    void wait(pause * (0.75 + Math.random() / 2), undefined, { ref: false }).then(async () => {
      if (closed) return
      client = newClient(url)
      await connect(attempt)
    })
  }

  await connect(0)
  return {
    run: async (work) => {
      const result = inTime(client, work(client))
      pending.add(result)
      try {
        return await result
      } finally {
        pending.delete(result)
      }
    },
    // The client's own close() would wait for ever when the connection is lost meanwhile.
    close: async () => {
      closed = true
      await Promise.allSettled(pending)
      client.destroy()
    },
  }
}

function newClient(url: string) {
  return createClient({
    url,
    scripts,
    RESP: 3,
    // Without a connection a command fails at once: kept for later, it would be done when nobody waits for it.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: deadline, reconnectStrategy: false },
    // No timeout but `deadline`: the client's own, of five seconds, costs a signal and a timer for each command. Sealed
    // rows are no text.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

/**
 * A Redis that does not answer is given up with its connection, and everything that waits on it: the client by
 * itself would wait for a hung server, or a network that swallows packets, for as long as it hangs.
 */
async function inTime<Result>(client: Client, work: Promise<Result>): Promise<Result> {
  let late = false
  const giveUp = () => {
    late = true
    client.destroy()
  }
  // An answer that came while this process was busy is taken up before the immediate.
  let turn: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    turn = setImmediate(giveUp)
  }, deadline)
  try {
    return await work
  } catch (error) {
    throw late ? new Error(`Redis did not answer within ${deadline} ms`, { cause: error }) : error
  } finally {
    clearTimeout(timer)
    clearImmediate(turn)
  }
}
