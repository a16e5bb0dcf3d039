import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tap } from '../tap.ts'
import { type Exception, exceptionFor } from './exceptions.ts'
import { Figures } from './figures.ts'
import { Matcher } from './matcher.ts'
import type { Found, Needle, Seen } from './seen.ts'

interface Recordable {
  readonly file: string
  readonly output: string
  readonly tap?: Tap | undefined
}

/** All that the tests of a file have started, and what must not be seen of it. */
class Worker {
  /** Where nobody looks after every test, as in the long ones, nothing is in between. */
  isRecording = false
  readonly figures = new Figures()
  readonly #matcher = new Matcher()
  readonly #sources = new Set<() => readonly Needle[]>()
  /** And how much of their output has been searched. */
  readonly #programs = new Map<Recordable, number>()
  readonly #tickets: Needle[] = []
  readonly #beside: Seen[] = []
  #found: Found[] = []
  #more: Exception[] = []
  #isPlanted = false

  /** Tells of the needles there are until now, as often as it is asked. */
  addSource(source: () => readonly Needle[]): void {
    this.#sources.add(source)
  }

  /** One that will not be there any more. */
  removeSource(source: () => readonly Needle[]): void {
    this.#matcher.add(source())
    this.#sources.delete(source)
  }

  /** Whose traffic and output are searched. */
  add(program: Recordable): void {
    // The tenant is who knows the needles. It says nothing to a browser that is in the hands of the gateway.
    if (program.file !== 'tenant/main.ts') this.#programs.set(program, 0)
  }

  /** What a browser knows, beside what went over the wire. */
  alsoSeen(seen: readonly Seen[]): void {
    this.#beside.push(...seen)
  }

  /** For one test, which leaks on purpose: it has to fail for that. */
  plant(): void {
    this.#isPlanted = true
  }

  /** For one test: it makes a needle be seen there itself. */
  allow(...exceptions: readonly Exception[]): void {
    this.#more.push(...exceptions)
  }

  /** Searches what is new since the last time; true if anything went through. */
  look(): boolean {
    for (const source of this.#sources) this.#matcher.add(source())
    const seen = [...this.#programs.keys()].flatMap(({ tap }) => tap?.take() ?? [])
    for (const { where, text } of seen) {
      const [, ticket] = /: set-cookie (?:ticket-\d+|__Host-Http-ticket)$/.test(where)
        ? (/^[^=]+=([\w-]{16,})/.exec(text) ?? [])
        : []
      if (ticket) this.#tickets.push({ kind: 'ticket', value: ticket })
    }
    const said = [...this.#programs].flatMap(([program, before]): Seen[] => {
      const text = program.output.slice(before)
      this.#programs.set(program, before + text.length)
      this.figures.logs += text.length
      return text ? [{ where: `output of ${program.file}`, text }] : []
    })
    this.#judge(this.#matcher, [...seen, ...said, ...this.#beside.splice(0)])
    return seen.length > 0
  }

  /** Searches what a gateway has written to its folder: no needle is there, and not even a ticket. */
  lookIntoFolder(folder: string): void {
    if (!this.isRecording) return
    this.look()
    // The tenant has its own files there, in which what it has issued has to be.
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !/^(tenant\.db|ledger)/.test(entry.name),
    )
    const seen = files.map(({ parentPath, name }) => {
      const bytes = readFileSync(join(parentPath, name))
      this.figures.storage += bytes.length
      return { where: `storage: ${name}`, text: bytes.toString('latin1') }
    })
    this.#judge(this.#matcher, seen)
    const tickets = new Matcher()
    tickets.add(this.#tickets)
    this.#judge(tickets, seen)
  }

  #judge(matcher: Matcher, seen: readonly Seen[]): void {
    const startedAt = performance.now()
    const found = matcher.search(seen)
    this.figures.seconds += (performance.now() - startedAt) / 1000
    for (const each of found) {
      const exception = exceptionFor(each, this.#more)
      if (!exception) this.#found.push(each)
      else {
        const name = `${each.kind}: ${exception.reason}`
        this.figures.exceptions[name] = (this.figures.exceptions[name] ?? 0) + 1
      }
    }
  }

  /** What was found since the last time it was asked, and had no business to be there. */
  takeFound(): Found[] {
    const found = this.#found
    this.#found = []
    this.#more = []
    if (this.#isPlanted) {
      this.figures.planted += 1
      this.figures.killed += Number(found.length > 0)
    } else this.figures.found += found.length
    this.#isPlanted = false
    return found
  }

  close(): Figures {
    this.figures.needles = Object.fromEntries(this.#matcher.counts)
    for (const { tap } of this.#programs.keys()) {
      const counts = tap?.counts
      if (!counts) continue
      this.figures.requests += counts.requests
      this.figures.toBrowser += counts.response
      this.figures.toGateway += counts.request
      this.figures.notKept += counts.notKept
    }
    return this.figures
  }
}

export const worker = new Worker()
