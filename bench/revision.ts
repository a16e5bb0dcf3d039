import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './options.ts'
import { here, type World } from './world.ts'

const git = (...args: string[]) => execFileSync('git', args, { cwd: here, stdio: ['ignore', 'pipe', 'pipe'] })

/** Throws UsageError when there is no such commit. */
export function requireCommit(revision: string): void {
  try {
    git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`)
  } catch {
    throw new UsageError(`There is no commit ${revision}`)
  }
}

/** The files of another commit, in a folder of their own. It runs with the dependencies of this checkout. */
export function checkOut(world: World, revision: string): string {
  const folder = world.newFolder()
  const archive = join(world.folder, 'revision.tar')
  git('archive', '--format=tar', `--output=${archive}`, revision)
  execFileSync('tar', ['-xf', archive, '-C', folder])
  symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
