/** An answer other than the one asked for: an OAuth error code and words for whoever reads the page. */
export class TenantError extends Error {
  override readonly name = 'TenantError'
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, description: string, options?: ErrorOptions) {
    super(description, options)
    this.status = status
    this.error = error
  }
}
