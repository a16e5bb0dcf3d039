import { constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { type DestinationStream, pino } from 'pino'

/** Bytes that may wait for a reader who does not read: some thousand lines. */
const mostWaiting = 1_000_000
/** Bytes that a pipe takes in one piece (PIPE_BUF of Linux): processes that share one do not cut each other's lines. */
const atOnce = 4096

/**
 * Standard output for the log. A pipe that nobody empties must not stop the program (a collector that hangs, say), so
 * lines wait, and when too many do they are dropped and counted. Do not replace this by pino.destination: with
 * `sync` its write stops the program; without, the flush at its end goes on for ever when the reader is gone.
 *
 * The first line of a turn of the event loop goes out at once, the others of that turn together: a call of the system for
 * each costs as much as making it. Who ends the process flushes first.
 */
export function openStandardOutput(): DestinationStream & { flush?: () => void } {
  const fd = openWithoutBlocking()
  if (fd === undefined) return pino.destination({ dest: 1, sync: true })
  const pipe = new Socket({ fd, readable: false, writable: true })
  // Its reader is gone. The program serves on; whoever started it ends it.
  pipe.on('error', () => {})
  // What is left to be written is no reason to live.
  pipe.unref()
  let lines: string[] = []
  let size = 0
  let dropped = 0
  let isUnderWay = false

  const add = (line: string) => {
    lines.push(line)
    size += line.length
  }
  const take = (count: number) => {
    const text = lines.slice(0, count).join('')
    lines = lines.slice(count)
    size -= text.length
    return text
  }
  const writeSome = () => {
    if (lines.length === 0 && dropped > 0) {
      add(
        `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'lines were dropped' })}\n`,
      )
      dropped = 0
    }
    if (pipe.destroyed) return
    if (lines.length > 0) pipe.write(take(fitting(lines)), writeSome)
    else setImmediate(endTurn)
  }
  const endTurn = () => {
    isUnderWay = lines.length > 0
    if (isUnderWay) writeSome()
  }
  return {
    write: (line) => {
      if (pipe.destroyed) return
      if (size > mostWaiting) dropped += 1
      else add(line)
      if (isUnderWay) return
      isUnderWay = true
      writeSome()
    },
    // As much as the pipe takes now.
    flush: () => {
      if (!pipe.destroyed && lines.length > 0) pipe.write(take(lines.length))
    },
  }
}

/** How many of the lines fit into one piece; one that does not fit goes by itself. */
function fitting(lines: readonly string[]): number {
  let bytes = 0
  const tooMany = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line)
    return bytes > atOnce
  })
  return tooMany === -1 ? lines.length : Math.max(1, tooMany)
}

/** A file descriptor of the pipe or socket that standard output is; undefined: it is a file, which takes everything. */
function openWithoutBlocking(): number | undefined {
  const stat = fstatSync(1)
  if (!stat.isFIFO() && !stat.isSocket()) return undefined
  try {
    // Opened anew, because "do not block" would hold for everybody who has the same opening: the shell, standard error.
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // A socket, or a system without /proc.
    return 1
  }
}
