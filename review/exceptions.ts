import { readFileSync } from 'node:fs'
import { z } from 'zod'

const exception = z.strictObject({
  control: z.string().min(1),
  /** A role that answers for it. */
  owner: z.string().min(1),
  reason: z.string().min(20, 'must say why, in a sentence'),
  expires: z.iso.date('must be a date, YYYY-MM-DD'),
})
const list = z.array(exception).superRefine((all, context) => {
  for (const [index, { control }] of all.entries()) {
    if (all.findIndex((other) => other.control === control) < index)
      context.addIssue({ code: 'custom', path: [index, 'control'], message: `${control} is excepted twice` })
  }
})

export type Exception = z.output<typeof exception>

export class ExceptionsError extends Error {
  override readonly name = 'ExceptionsError'
}

/** Throws ExceptionsError with every problem at once. */
export function readExceptions(file: string): readonly Exception[] {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ExceptionsError(`${file} cannot be read: ${(error as Error).message}`)
  }
  const { data, error } = list.safeParse(content)
  if (data) return data
  const problems = error.issues.map(({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`)
  throw new ExceptionsError(`${file} is not a list of exceptions:\n${problems.join('\n')}`)
}
