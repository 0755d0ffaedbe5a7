import type { Clock } from '../clock.ts'
import { timeTexts } from './source-block.ts'

/** `000` to `999`. */
const thousand = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** Writes when events are handled. Numbers of 16 digits are slow to print, so the millisecond's text is kept. */
export class HandledAt {
  readonly #clock: Clock
  #millisecond = -1
  #texts = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `"ts_ms":...,"ts_us":...,"ts_ns":...` of now. */
  fields(): string {
    const now = this.#clock()
    const millisecond = Math.floor(now / 1000)
    if (millisecond !== this.#millisecond) {
      this.#millisecond = millisecond
      this.#texts = timeTexts(now).ms
    }
    const us = this.#texts + thousand[now - millisecond * 1000]!
    return `"ts_ms":${this.#texts},"ts_us":${us},"ts_ns":${us}000`
  }
}
