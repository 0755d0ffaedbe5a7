/** What stops it, in words for people, with what to do. Nothing was written. */
export class Refusal extends Error {
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.name = 'Refusal'
    this.hint = hint
  }
}
