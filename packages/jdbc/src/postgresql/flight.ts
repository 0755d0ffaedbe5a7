import { MessageWriter } from './messages.ts'
import type { ServerError } from './server-error.ts'

/** A statement that is parsed once a connection, when it is first run. */
export class Statement {
  readonly sql: string
  /** Its name at the server, once it is sent. */
  name: string | undefined

  constructor(sql: string) {
    this.sql = sql
  }
}

/** What one statement of a flight gave. */
export interface Reply {
  /** Rows that it wrote or gave. */
  readonly count: number
  /** `COMMIT`, `UPDATE 5`, ... */
  readonly tag: string
  readonly rows: (string | null)[][]
}

interface Line {
  enter(flight: Flight): void
  /** A promise is back-pressure. Throws when the connection has ended. */
  write(bytes: Buffer): void | Promise<void>
  ended(): Error | undefined
}

let names = 0

/**
 * Statements that go out together up to one Sync. The server leaves out what follows a failed one, and reads past
 * the data of a COPY that it will not take, so nothing has to be waited for in between.
 */
export class Flight {
  readonly #line: Line
  readonly #writer = new MessageWriter()
  readonly #parsing: Statement[] = []
  readonly #replies: Reply[] = []
  readonly #answer: Promise<Reply[]>
  #rows: (string | null)[][] = []
  #error: ServerError | undefined
  #settle!: { resolve: (replies: Reply[]) => void; reject: (cause: Error) => void }
  #statements = 0
  #entered = false

  constructor(line: Line) {
    this.#line = line
    this.#answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // whoever sends looks at it; a flight that is given up needs no handler
    this.#answer.catch(() => {})
  }

  /** Has the server refused a statement of it? What is still sent is thrown away. */
  get refused(): boolean {
    return this.#error !== undefined
  }

  /** Adds a statement; gives its place among the replies. A text is parsed for this once. */
  run(statement: Statement | string, params: readonly (string | null)[] = []): number {
    this.#writer.bind(this.#prepare(statement), params)
    this.#writer.execute()
    return this.#statements++
  }

  /** Sends `COPY ... FROM STDIN` and lets data follow with `data`, then `copyDone`. */
  copy(statement: Statement | string): number {
    return this.run(statement)
  }

  /** One whole CopyData message, header included. Wait for the promise before the next one. */
  data(message: Buffer): void | Promise<void> {
    this.#flush()
    return this.#line.write(message)
  }

  copyDone(): void {
    this.#writer.copyDone()
  }

  /** Sends the end of the flight and waits for all answers. Rejects with the first ServerError, or ConnectionEnded. */
  async send(): Promise<Reply[]> {
    this.#writer.sync()
    this.#flush()
    return this.#answer
  }

  parsed(): void {
    this.#parsing.shift()
  }

  row(cells: (string | null)[]): void {
    this.#rows.push(cells)
  }

  completed(tag: string, count: number): void {
    this.#replies.push({ tag, count, rows: this.#rows })
    this.#rows = []
  }

  failed(cause: ServerError): void {
    if (this.#error !== undefined) return
    cause.statement = this.#replies.length
    this.#error = cause
  }

  ready(): void {
    this.#forgetUnparsed()
    if (this.#error === undefined) this.#settle.resolve(this.#replies)
    else this.#settle.reject(this.#error)
  }

  /** The connection ended: with the server's own last word where it had one. */
  broken(cause: Error): void {
    this.#settle.reject(this.#error ?? cause)
  }

  #prepare(statement: Statement | string): string {
    if (typeof statement === 'string') {
      this.#writer.parse('', statement)
      this.#parsing.push(new Statement(statement))
      return ''
    }
    if (statement.name === undefined) {
      statement.name = `cdc_${names++}`
      this.#writer.parse(statement.name, statement.sql)
      this.#parsing.push(statement)
    }
    return statement.name
  }

  #forgetUnparsed(): void {
    for (const statement of this.#parsing) statement.name = undefined
  }

  #flush(): void {
    const ended = this.#line.ended()
    if (ended !== undefined) {
      this.broken(ended)
      throw ended
    }
    if (!this.#entered) {
      this.#entered = true
      this.#line.enter(this)
    }
    if (this.#writer.length > 0) void this.#line.write(this.#writer.take())
  }
}
