/** Where lines are drawn: standard error when it is a terminal. */
export interface Screen {
  readonly columns?: number
  write(text: string): unknown
}

/** Lines at the foot of a terminal, drawn anew a few times a second, with log lines scrolling above them. */
export class LiveDisplay {
  readonly #screen: Screen
  readonly #lines: (width: number) => readonly string[]
  readonly #timer: NodeJS.Timeout
  #drawn = 0
  #stopped = false

  constructor(screen: Screen, lines: (width: number) => readonly string[], interval = 200) {
    this.#screen = screen
    this.#lines = lines
    this.#timer = setInterval(() => this.#draw(), interval).unref()
  }

  /** A line above the drawn ones; it stays. */
  print(line: string): void {
    this.#screen.write(this.#cleared() + line)
    this.#drawn = 0
    if (!this.#stopped) this.#draw()
  }

  /** Draws a last time and leaves the lines there. */
  stop(): void {
    if (this.#stopped) return
    clearInterval(this.#timer)
    this.#draw()
    this.#stopped = true
    this.#drawn = 0
  }

  #draw(): void {
    const lines = this.#lines(this.#screen.columns || 80)
    this.#screen.write(this.#cleared() + lines.map((line) => `${line}\n`).join(''))
    this.#drawn = lines.length
  }

  /** To the first drawn line, and everything below it away. */
  #cleared(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r\u001b[J`
  }
}
