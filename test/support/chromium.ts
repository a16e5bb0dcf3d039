import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Where a machine that has a Chromium keeps it. */
const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

const cache = join(import.meta.dirname, '../../node_modules/.cache')
const parts = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br']

/** A real Chromium: the machine's own, else the one in the npm package (Linux x64). */
export async function launchChromium(...more: string[]): Promise<Browser> {
  // Root has no sandbox; Chromium refuses to start with one.
  const args = process.getuid?.() === 0 ? ['--no-sandbox', ...more] : more
  const found = installed.find((path) => existsSync(path))
  if (found !== undefined) return chromium.launch({ executablePath: found, args })
  const folder = await unpack()
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args,
    env: {
      ...process.env,
      // The system libraries that a machine without any browser may lack.
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      ...(!existsSync('/etc/fonts') && { FONTCONFIG_PATH: join(folder, 'fonts') }),
    },
  })
}

/** Unpacks the package once. Of several test files that do it at the same time, one wins with a whole folder. */
async function unpack(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`The browser tests need a Chromium at one of:\n  ${installed.join('\n  ')}`)
  }
  const packaged = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')))
  const { version } = createRequire(import.meta.url)(join(packaged, 'package.json'))
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const staging = mkdtempSync(join(cache, 'unpacking-'))
  const { inflate } = await import('@sparticuz/chromium')
  // The package unpacks into the folder for temporary files and takes for whole whatever it finds there.
  const { TMPDIR } = process.env
  process.env.TMPDIR = staging
  try {
    await Promise.all(parts.map((part) => inflate(join(packaged, 'bin', part))))
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
  // Its own names the folders of a cloud's machines. Without any font Chromium crashes at a password field.
  writeFileSync(join(staging, 'fonts/fonts.conf'), `<fontconfig><dir>${folder}/fonts</dir></fontconfig>\n`)
  try {
    renameSync(staging, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(staging, { recursive: true })
  }
  return folder
}
