import { type ChildProcess, fork } from 'node:child_process'
import { apiSettings, loadConfig as loadApiConfig } from './api/config.ts'
import { type Config, gatewaySettings, loadConfig } from './bff/config.ts'
import { readRoutes } from './bff/gateway/routes.ts'
import { badSettings, readDotEnv } from './shared/program.ts'
import { type Environment, SettingsError, unknownSettings } from './shared/settings.ts'
import { loadConfig as loadTenantConfig, tenantSettings } from './tenant/config.ts'

const known = Object.keys({ ...gatewaySettings, ...apiSettings, ...tenantSettings })

/** The settings of all programs that will run; throws one SettingsError with the problems of all of them. */
function loadAll(environment: Environment): Config {
  const problems = new Set(unknownSettings(environment, known))
  const collect = <Loaded>(load: (environment: Environment) => Loaded): Loaded | undefined => {
    try {
      return load(environment)
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      for (const problem of error.problems) problems.add(problem)
      return undefined
    }
  }
  const config = collect(loadConfig)
  if (config) collect(() => readRoutes(config.apiRoutes))
  collect(loadApiConfig)
  if (config?.provider.kind === 'embedded') collect(loadTenantConfig)
  if (!config || problems.size > 0) throw new SettingsError([...problems])
  return config
}

function welcome({ baseUrl, apiServerUrl, provider }: Config): string {
  const where = [
    '',
    'Cloakroom is ready.',
    '',
    `  Pages         ${baseUrl}`,
    `  Messages API  ${apiServerUrl}`,
  ]
  if (provider.kind === 'embedded') {
    return [
      ...where,
      `  Tenant        ${provider.issuer}  (embedded, for development)`,
      '',
      '  Log in as admin@example.com, who may read admin messages, or as user@example.com, who may not.',
      '  The password of both is Passw0rd! — or sign up as somebody new.',
      '',
    ].join('\n')
  }
  return [
    ...where,
    `  Provider      ${provider.issuer}`,
    '',
    '  The application at the provider needs these addresses, letter for letter:',
    `    Allowed Callback URLs    ${baseUrl}/callback`,
    `    Allowed Logout URLs      ${baseUrl}`,
    `    Back-Channel Logout URI  ${baseUrl}/backchannel-logout  (if the provider has that)`,
    '',
  ].join('\n')
}

/** Resolves when the program serves. Its end, whenever it comes, ends all the others. */
function launch(
  folder: string,
  onExit: (code: number) => void,
): { child: ChildProcess; serving: Promise<void> } {
  const child = fork(new URL(`${folder}/main.ts`, import.meta.url))
  child.once('exit', (code) => onExit(code ?? 1))
  return { child, serving: new Promise((resolve) => child.once('message', () => resolve())) }
}

async function main(): Promise<void> {
  let config: Config
  try {
    readDotEnv(process)
    config = loadAll(process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = badSettings
    return
  }
  if (process.argv.includes('--check')) {
    process.stdout.write('The settings are good.\n')
    return
  }
  const folders = config.provider.kind === 'embedded' ? ['tenant', 'api', 'bff'] : ['api', 'bff']
  let stopping = false
  // A program whose channel closes finishes what it has in flight and exits. Signals are not passed on: from
  // a terminal they reach every program anyway, and a second one means "at once".
  const stop = () => {
    stopping = true
    for (const { child } of programs) if (child.connected) child.disconnect()
  }
  const programs = folders.map((folder) =>
    launch(folder, (code) => {
      if (!stopping) process.exitCode = code
      stop()
    }),
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
  await Promise.all(programs.map(({ serving }) => serving))
  process.stderr.write(`${welcome(config)}\n`)
}

await main()
