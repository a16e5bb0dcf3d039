import { constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { type DestinationStream, pino } from 'pino'

/** Bytes that may wait for a reader who does not read: some thousand lines. */
const mostWaiting = 1_000_000

/**
 * Standard output for the log. A pipe that nobody empties must not stop the program (a collector that hangs, say), so
 * lines wait, and when too many do they are dropped and counted. Do not replace this by pino.destination: with
 * `sync` its write stops the program; without, the flush at its end goes on for ever when the reader is gone.
 */
export function openStandardOutput(): DestinationStream {
  const fd = openWithoutBlocking()
  if (fd === undefined) return pino.destination({ dest: 1, sync: true })
  const pipe = new Socket({ fd, readable: false, writable: true })
  // Its reader is gone. The program serves on; whoever started it ends it.
  pipe.on('error', () => {})
  // What is left to be written is no reason to live.
  pipe.unref()
  let dropped = 0
  pipe.on('drain', () => {
    if (dropped === 0) return
    pipe.write(
      `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg: 'lines were dropped' })}\n`,
    )
    dropped = 0
  })
  return {
    write: (line) => {
      if (pipe.destroyed) return
      if (pipe.writableLength > mostWaiting) dropped += 1
      else pipe.write(line)
    },
  }
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
