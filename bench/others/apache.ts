import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedClients } from '../../shared/identity-provider.ts'
import { type Server, startServer } from '../server.ts'

interface Parts {
  /** Gets the configuration and everything that Apache writes. */
  readonly folder: string
  readonly port: number
  readonly apiUrl: string
  /** With its final slash, as the tenant spells it. */
  readonly issuer: string
  /** The origin under which the tenant knows its client. */
  readonly baseUrl: string
  /** Where the tokens are: in shared memory, or encrypted in the cookie. */
  readonly sessions: 'server' | 'cookie'
}

/** As Debian and Ubuntu install them. */
const program = '/usr/sbin/apache2'
const modules = '/usr/lib/apache2/modules'

/** Apache as a gateway with sessions. Undefined where Apache or its mod_auth_openidc is missing. */
export async function startApache(parts: Parts): Promise<Server | undefined> {
  if (!existsSync(program) || !existsSync(join(modules, 'mod_auth_openidc.so'))) return undefined
  const { folder, port, sessions } = parts
  const file = join(folder, 'apache.conf')
  writeFileSync(file, configuration(parts))
  const name = `Apache, mod_auth_openidc, ${sessions === 'server' ? 'shared memory' : 'cookie'}`
  return startServer({ name, command: [program, '-d', folder, '-f', file, '-DFOREGROUND'], port, folder })
}

function configuration({ folder, port, apiUrl, issuer, baseUrl, sessions }: Parts): string {
  const { id, secret } = embeddedClients.gateway
  const loaded = [
    'mpm_event',
    'authn_core',
    'authz_core',
    'authz_user',
    'auth_openidc',
    'headers',
    'proxy',
    'proxy_http',
  ]
  return `
${loaded.map((name) => `LoadModule ${name}_module "${join(modules, `mod_${name}.so`)}"`).join('\n')}
${asNobody(folder)}
Listen 127.0.0.1:${port}
ServerName ${new URL(baseUrl).hostname}
DefaultRuntimeDir "${folder}"
PidFile "${join(folder, 'apache.pid')}"
Mutex "file:${folder}" default
ErrorLog "${join(folder, 'errors')}"
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog "${join(folder, 'access.log')}" combined
KeepAlive On
MaxKeepAliveRequests 0
# A thread for every connection there will be, from the start: with fewer it closes connections that are kept, and
# processes that come and go would take along the CPU time they have used.
StartServers 2
ServerLimit 2
ThreadLimit 200
ThreadsPerChild 200
MaxRequestWorkers 400
MinSpareThreads 1
MaxSpareThreads 400

OIDCProviderMetadataURL ${issuer}.well-known/openid-configuration
OIDCProviderTokenEndpointAuth client_secret_post
OIDCClientID ${id}
OIDCClientSecret ${secret}
OIDCCryptoPassphrase the-keys-of-a-server-that-lives-for-minutes
OIDCPKCEMethod S256
OIDCScope "openid profile email offline_access"
OIDCAuthRequestParams audience=https%3A%2F%2Fhello-world.example.com
OIDCRedirectURI ${baseUrl}/callback
# Without it the addresses it builds, and the Secure of its cookies, are those of the http it is asked by.
OIDCXForwardedHeaders X-Forwarded-Proto X-Forwarded-Host
OIDCSessionType ${sessions === 'server' ? 'server-cache' : 'client-cookie'}
OIDCSessionInactivityTimeout 1800
OIDCCookieSameSite On
# The API gets the token only: no claims as headers, and no cookies.
OIDCPassClaimsAs environment
OIDCStripCookies mod_auth_openidc_session mod_auth_openidc_session_chunks mod_auth_openidc_session_0 mod_auth_openidc_session_1

ProxyPass "/api/" "${apiUrl}/api/"
<Location "/callback">
  AuthType openid-connect
  Require valid-user
</Location>
<Location "/api/">
  AuthType openid-connect
  Require valid-user
  OIDCRefreshAccessTokenBeforeExpiry 30
  RequestHeader set Authorization "Bearer %{OIDC_access_token}e"
</Location>
`
}

/** Apache does not answer as root; who it becomes must be able to enter a temporary folder of root's. */
function asNobody(folder: string): string {
  if (process.getuid?.() !== 0) return ''
  chmodSync(folder, 0o711)
  return 'User nobody\nGroup nogroup'
}
