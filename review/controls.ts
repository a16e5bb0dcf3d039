import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Control, standards } from './control.ts'

/** All controls, by standard and section. A file in a folder of controls/ is one: nothing has to be listed. */
export async function allControls(): Promise<readonly Control[]> {
  const files = globSync(join(import.meta.dirname, 'controls/*/*.ts'))
  const modules = await Promise.all(
    files.map((file): Promise<{ readonly control: Control }> => import(pathToFileURL(file).href)),
  )
  const byNumber = new Intl.Collator('en', { numeric: true })
  return modules
    .map(({ control }) => control)
    .toSorted(
      (a, b) =>
        standards.indexOf(a.standard) - standards.indexOf(b.standard) ||
        byNumber.compare(a.section, b.section) ||
        byNumber.compare(a.id, b.id),
    )
}
