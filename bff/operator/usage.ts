/** What an operator typed is no command. The message says what would be one. */
export class BadUsageError extends Error {
  override readonly name = 'BadUsageError'
}
