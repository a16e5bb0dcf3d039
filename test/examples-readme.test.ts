import { expect, test } from 'vitest'
import { Command, hasProgram, shellBlocks } from './support/command.ts'
import { startStack } from './support/stack.ts'

test('the commands of the README get a token and both messages', { skip: !hasProgram('curl') }, async () => {
  await using stack = await startStack()
  const code = shellBlocks('README.md')
    .filter((block) => block.includes('grant_type=client_credentials'))
    .join('')
    .replaceAll('http://127.0.0.1:7070', stack.tenantUrl)
    .replaceAll('http://localhost:6060', stack.apiUrl)
  await using shell = new Command(code)
  expect(await shell.ended()).toBe(0)
  expect(shell.output.match(/^HTTP\/1\.1 .*$/gm)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
  expect(shell.output).toContain('{"text":"This is a protected message."}')
  expect(shell.output).toContain('{"text":"This is an admin message."}')
})
