import { resolve } from 'node:path'
import { allControls } from './controls.ts'
import { type EmbeddedTarget, startEmbedded } from './embedded.ts'
import { ExceptionsError, readExceptions } from './exceptions.ts'
import { readOptions, UsageError, usage } from './options.ts'
import { version, writeReports } from './reports.ts'
import { isPassed, runControls } from './run.ts'
import { type Paths, Target } from './target.ts'
import { summary, table } from './terminal.ts'

/** A gateway that is not there, or has nothing where we look, would meet every demand. */
async function checkThere(target: Target): Promise<void> {
  for (const [option, path] of Object.entries(target.paths)) {
    if (option === 'logout') continue
    const { status } = await target.anonymous(path).catch((error: Error) => {
      throw new UsageError(`${target.baseUrl} cannot be reached: ${error.message}`)
    })
    if (status === 404 || status >= 500)
      throw new UsageError(`${target.baseUrl}${path} answers ${status}; say with --${option} where it is`)
  }
}

/** With a session that is over each control that needs one would fail for the wrong reason. */
async function checkSession(target: Target): Promise<void> {
  if (!target.hasLogin || target.isEmbedded) return
  const browser = await target.loggedIn()
  const statuses = [
    (await browser.fetch(target.paths.api)).status,
    (await target.own(target.paths.page)).status,
  ]
  if (statuses.every((status) => status >= 300))
    throw new UsageError(`Nobody is logged in with REVIEW_COOKIE: ${target.paths.api} answers ${statuses[0]}`)
}

async function openTarget(): Promise<EmbeddedTarget> {
  const { url, program, login, logout, page, api } = readOptions()
  const paths: Paths = { login, logout, page, api }
  if (url === undefined) return startEmbedded(program === undefined ? 'bff/main.ts' : resolve(program), paths)
  const address = URL.parse(url)
  if (!address || !/^https?:$/.test(address.protocol)) throw new UsageError(`${url} is no http(s) address`)
  if (program !== undefined) throw new UsageError('--program is for a review without --url')
  const target = new Target(address.origin, { paths, cookie: process.env.REVIEW_COOKIE })
  return { target, [Symbol.asyncDispose]: async () => {} }
}

async function main(): Promise<number> {
  const options = readOptions()
  const all = options.exceptions === undefined ? [] : readExceptions(options.exceptions)
  const exceptions = all.filter(({ control }) => control.startsWith(options.only))
  const controls = (await allControls()).filter(({ id }) => id.startsWith(options.only))
  if (controls.length === 0) throw new UsageError(`No control's name begins with ${options.only}`)
  await using opened = await openTarget()
  const { target } = opened
  await checkThere(target)
  await checkSession(target)
  const startedAt = new Date()
  const today = startedAt.toISOString().slice(0, 10)
  const progress = () => {
    if (process.stderr.isTTY) process.stderr.write('.')
  }
  const outcome = await runControls(controls, target, exceptions, { today, progress })
  if (process.stderr.isTTY) process.stderr.write('\n')
  process.stdout.write(table(outcome, process.stdout.isTTY))
  const program = options.url === undefined ? (options.program ?? 'bff/main.ts') : undefined
  const about = { target: target.baseUrl, ...(program && { program }), startedAt, version: version() }
  const files = writeReports(options.out, outcome, about)
  process.stdout.write(summary(outcome, target.baseUrl, files))
  return isPassed(outcome) ? 0 : 1
}

try {
  process.exit(await main())
} catch (error) {
  const isOurs = error instanceof UsageError || error instanceof ExceptionsError
  process.stderr.write(isOurs ? `${error.message}\n` : `${String((error as Error).stack)}\n`)
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`)
  process.exit(2)
}
