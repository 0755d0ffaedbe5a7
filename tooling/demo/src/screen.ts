const coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
const paint = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text)

export const bold = paint(1)
export const dim = paint(2)
export const green = paint(32)
export const red = paint(31)
export const yellow = paint(33)

export function say(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** A step of the story. */
export function step(text: string): void {
  say(`\n${bold(text)}`)
}

const kinds: Record<string, (text: string) => string> = { '+I': green, '-U': dim, '+U': yellow, '-D': red }

/**
 * Shows a changelog that is faster than eyes: the first lines of each second as they are, the rest as a count.
 */
export class ChangelogView {
  readonly #shown: number
  #lines = 0
  #timer: NodeJS.Timeout | undefined
  total = 0

  constructor(linesPerSecond: number) {
    this.#shown = linesPerSecond
  }

  start(status: () => string): void {
    this.#timer = setInterval(() => {
      const hidden = Math.max(0, this.#lines - this.#shown)
      say(
        dim(
          `     ${hidden > 0 ? `… and ${hidden.toLocaleString('en')} more; ` : ''}${this.#lines.toLocaleString('en')} changelog rows/s; ${status()}`,
        ),
      )
      this.#lines = 0
    }, 1000)
  }

  line(text: string): void {
    this.#lines++
    this.total++
    if (this.#lines > this.#shown) return
    const colour = kinds[text.slice(0, 2)] ?? dim
    say(`     ${colour(text)}`)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
