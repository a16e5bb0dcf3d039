import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Server, startServer } from '../server.ts'

interface Parts {
  /** Gets the configuration and everything that nginx writes. */
  readonly folder: string
  readonly port: number
  readonly apiUrl: string
}

/** A proxy that looks at nothing: what remains of a gateway without sessions. Undefined where there is no nginx. */
export async function startNginx({ folder, port, apiUrl }: Parts): Promise<Server | undefined> {
  const program = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) =>
    existsSync(path),
  )
  if (!program) return undefined
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration({ folder, port, apiUrl }))
  // -e: errors from before it has read the file would go where the package has its own logs.
  const command = [program, '-p', folder, '-c', file, '-e', join(folder, 'errors')] as const
  return startServer({ name: 'nginx', command: [...command], port, folder })
}

function configuration({ folder, port, apiUrl }: Parts): string {
  const { host } = new URL(apiUrl)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path "${join(folder, name)}";`,
  )
  return `
# Started by root, its workers would be another user, who may not enter a temporary folder of root's.
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid "${join(folder, 'nginx.pid')}";
error_log "${join(folder, 'errors')}";
events {
  worker_connections 1024;
}
http {
${places.join('\n')}
  access_log "${join(folder, 'access.log')}";
  client_max_body_size 0;
  # None of the others closes a connection after a number of requests.
  keepalive_requests 1000000000;
  upstream api {
    server ${host};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host ${host};
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
    }
  }
}
`
}
