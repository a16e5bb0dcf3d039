import { readdirSync, readFileSync } from 'node:fs'

/**
 * Microseconds of CPU time that the processes have had, all their threads, by the kernel's own accounting (nanoseconds,
 * /proc/PID/task/TID/schedstat). Of threads that have ended it knows nothing; those of a server last.
 */
export function cpuTime(pids: readonly number[]): number {
  let nanoseconds = 0
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0)
    }
  }
  return nanoseconds / 1000
}

/** Megabytes (10⁶ bytes) of memory that are in use: of processes that share some, that counts for each. */
export function residentMemory(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0),
  )
  return (kilobytes.reduce((sum, each) => sum + each, 0) * 1024) / 1e6
}

/** Undefined: it has just ended. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
