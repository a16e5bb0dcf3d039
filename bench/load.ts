import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'

export interface Request {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Asked with each of these cookies in turn, in the place of the one in `headers`. */
  readonly cookies?: readonly string[]
  /** The same for wrk: a file with a cookie in each line. */
  readonly cookieFile?: string
}

/** What came of a load: how many requests were answered, and their latencies in milliseconds. */
export interface Answered {
  readonly requests: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

interface Load {
  readonly connections: number
  readonly seconds: number
}

/** wrk takes a tenth of the CPU time that autocannon takes, which on a small machine is the servers'. */
export const generator = spawnSync('wrk', ['-v']).error ? 'autocannon' : 'wrk'

/** Asks as fast as it is answered. Rejects when any answer is no success: what is fast then is the error page. */
export const load: (request: Request, load: Load) => Promise<Answered> =
  generator === 'wrk' ? loadByWrk : loadByAutocannon

async function loadByWrk(
  { url, headers, cookieFile }: Request,
  { connections, seconds }: Load,
): Promise<Answered> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const script = cookieFile === undefined ? [] : ['-s', `${import.meta.dirname}/cookies.lua`]
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...script, ...lines, url]
  const wrk = spawn('wrk', [...args, ...(cookieFile === undefined ? [] : ['--', cookieFile])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, complaint] = await Promise.all([text(wrk.stdout), text(wrk.stderr)])
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0)
  if (requests === 0 || /Non-2xx|Socket errors/.test(output)) throw new Error(`${url}: ${output}${complaint}`)
  return {
    requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    p50: milliseconds(/ 50%\s+(\S+)/.exec(output)?.[1]),
    p99: milliseconds(/ 99%\s+(\S+)/.exec(output)?.[1]),
  }
}

/** As wrk writes it: 870.00us, 1.23ms, 1.05s. */
function milliseconds(time = ''): number {
  const value = Number.parseFloat(time)
  if (time.endsWith('us')) return value / 1000
  return time.endsWith('ms') ? value : value * 1000
}

async function loadByAutocannon(
  { url, headers, cookies }: Request,
  { connections, seconds }: Load,
): Promise<Answered> {
  const requests = cookies?.map((cookie) => ({ headers: { ...headers, Cookie: cookie } }))
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    headers: { ...headers },
    ...(requests && { requests }),
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} requests failed`)
  const { p50, p99 } = result.latency
  return { requests: result['2xx'], perSecond: result.requests.average, p50, p99 }
}
