import type { Report } from '@cdc/core'

/** Is the pipeline ready? Known from its reports: by evidence, and never by the time that has passed. */
export class Health {
  #streaming = false
  #snapshot: 'none' | 'open' | 'read' = 'none'
  #settled: boolean | undefined
  #failure: string | undefined

  apply(report: Report): void {
    if (report.type === 'streaming') {
      this.#streaming = true
      this.#failure = undefined
    } else if (report.type === 'error' || report.type === 'rewind') {
      this.#streaming = false
      this.#failure = report.code
    } else if (report.type === 'snapshot-started') this.#snapshot = 'open'
    else if (report.type === 'snapshot-finished') this.#snapshot = 'read'
    else if (report.type === 'checkpoint') {
      this.#settled = report.settled
      if (report.settled && this.#snapshot === 'read') this.#snapshot = 'none'
    }
  }

  /**
   * True from when the source's server was seen to stream, and every sink holds the whole snapshot at one moment of
   * the source, until something fails.
   */
  get ready(): boolean {
    return this.#streaming && this.#snapshot === 'none' && this.#settled !== false
  }

  /** Why not, for people. */
  get reason(): string {
    if (this.ready) return 'ready: streaming'
    if (this.#failure !== undefined) return `not ready: ${this.#failure}, reading again`
    if (this.#snapshot === 'open') return 'not ready: the snapshot is being read'
    if (this.#snapshot === 'read') return 'not ready: the snapshot is being written'
    if (!this.#streaming) return 'not ready: the stream has not begun'
    return 'not ready: changes made during the snapshot are being written'
  }
}
