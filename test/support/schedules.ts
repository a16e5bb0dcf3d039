import { AsyncLocalStorage } from 'node:async_hooks'

interface Step {
  readonly actor: string
  readonly go: () => void
}

/** Something else than a step that may happen between two steps: a crash, or time that passes. */
export interface Event {
  readonly name: string
  /** Looked at before each choice. */
  readonly isPossible: () => boolean
  readonly happen: () => void
}

/** Real even where a test moves the clock. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** One run of several actors, whose every step waits until the schedule lets it go. */
export class Run {
  readonly #actors = new AsyncLocalStorage<string>()
  readonly #waiting: Step[] = []
  readonly #events: Event[] = []
  #halted: string | undefined
  /** What happened, in order: for the message of a failure. */
  readonly trace: string[] = []

  /** Begins what an actor does; its steps are taken from then on. */
  begin(actor: string, work: () => Promise<void>): void {
    // An actor that crashes never ends; nobody may wait for it.
    this.#actors.run(actor, () => void work())
  }

  /** Called in the place of an operation: it happens when the schedule says so. `timer`: whose timer it may be. */
  async step<Result>(name: string, operate: () => Promise<Result>, timer = 'nobody'): Promise<Result> {
    const actor = this.#actors.getStore() ?? timer
    await new Promise<void>((resolve) => {
      this.#waiting.push({ actor, go: resolve })
    })
    this.trace.push(`${actor}: ${name}`)
    return operate()
  }

  event(event: Event): void {
    this.#events.push(event)
  }

  /** Actors whose name begins so take no step any more. */
  halt(prefix: string): void {
    this.#halted = prefix
  }

  goOn(): void {
    this.#halted = undefined
  }

  get isHalted(): boolean {
    return this.#halted !== undefined
  }

  get #ready(): Step[] {
    const halted = this.#halted
    return this.#waiting.filter(({ actor }) => halted === undefined || !actor.startsWith(halted))
  }

  get isIdle(): boolean {
    return this.#ready.length === 0
  }

  /** Goes on, asking `choose` for one of so many ways at each turn, until nothing can happen any more. */
  async play(choose: (ways: number) => number): Promise<void> {
    for (;;) {
      await nextTurn()
      const steps = this.#ready
      const events = this.#events.filter(({ isPossible }) => isPossible())
      if (steps.length + events.length === 0) return
      const choice = choose(steps.length + events.length)
      const step = steps[choice]
      if (step) {
        this.#waiting.splice(this.#waiting.indexOf(step), 1)
        step.go()
        continue
      }
      const event = events[choice - steps.length]
      if (!event) throw new Error('There is no such way')
      this.trace.push(event.name)
      event.happen()
    }
  }
}

/**
 * Plays every schedule there is, each in a run of its own, and says how many: at each turn all ways are tried, in
 * the manner of an odometer. `limit` is a guard against a scenario that never ends, not a sample.
 */
export async function everySchedule(
  play: (choose: (ways: number) => number) => Promise<void>,
  limit = 2_000_000,
): Promise<number> {
  let choices: number[] = []
  for (let count = 1; count <= limit; count += 1) {
    const ways: number[] = []
    let turn = 0
    await play((possible) => {
      ways[turn] = possible
      const choice = choices[turn] ?? 0
      turn += 1
      return choice
    })
    choices = ways.map((_, index) => choices[index] ?? 0)
    while (choices.length > 0 && (choices.at(-1) ?? 0) + 1 >= (ways[choices.length - 1] ?? 0)) choices.pop()
    if (choices.length === 0) return count
    choices[choices.length - 1] = (choices.at(-1) ?? 0) + 1
  }
  throw new Error(`More than ${limit} schedules`)
}
