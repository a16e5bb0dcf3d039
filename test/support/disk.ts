import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A disk of one megabyte. Only root may mount one, and in some containers not even root. */
export class SmallDisk implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cloakroom-disk-'))

  static mount(): SmallDisk | undefined {
    const disk = new SmallDisk()
    if (works('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk.folder)) return disk
    rmSync(disk.folder, { recursive: true })
    return undefined
  }

  /** Not a byte is left. */
  fill(): void {
    const file = openSync(join(this.folder, 'filler'), 'w')
    try {
      for (;;) writeSync(file, Buffer.alloc(4096))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(file)
    }
  }

  empty(): void {
    rmSync(join(this.folder, 'filler'))
  }

  /** While no file on it is open. */
  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.folder])
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.folder])
    rmSync(this.folder, { recursive: true })
  }
}

/** Whether this machine can limit what a program writes: Linux, with util-linux. */
export const hasLimits = works('prlimit', '--pid', String(process.pid))

/** From now on every write of a process to a file fails, as on a disk that became read-only; pipes go on. */
export const forbidWrites = (pid: number) => execFileSync('prlimit', ['--pid', `${pid}`, '--fsize=0:'])
export const allowWrites = (pid: number) => execFileSync('prlimit', ['--pid', `${pid}`, '--fsize=unlimited:'])
