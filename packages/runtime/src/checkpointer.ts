import { CdcError, failpoint, type Position, type Report, type StateStore, type Table } from '@cdc/core'
import { type Checkpoint, encodeCheckpoint, encodeShapes } from './checkpoint.ts'

export interface CheckpointerSetup {
  readonly pipeline: string
  readonly store: StateStore
  /** Milliseconds between two saves. */
  readonly interval: number
  /** Tells the source, after the save is durable. */
  readonly acknowledge: (position: Position) => Promise<void>
  readonly describe: (position: Position) => string
  readonly settled: (position: Position) => boolean
  readonly report: (report: Report) => void
  /** Called once, with the first fault of a save or an acknowledgement. */
  readonly failed: (error: CdcError) => void
}

interface Offer {
  readonly checkpoint: Checkpoint
  /** The shapes of all tables, when they have changed since the last save. */
  readonly shapes: readonly Table[] | undefined
}

/**
 * Saves what is durable in every sink and then acknowledges it, in this order and never otherwise; one save at a
 * time, at most one an interval, in the background of reading and writing.
 */
export class Checkpointer {
  readonly #setup: CheckpointerSetup
  #offer: Offer | undefined
  #shapes: readonly Table[] | undefined
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> | undefined
  #lastSave = Number.NEGATIVE_INFINITY
  #error: CdcError | undefined

  constructor(setup: CheckpointerSetup) {
    this.#setup = setup
  }

  /** All of this is durable in every sink. Saved soon; a later offer replaces one that was not saved yet. */
  offer(checkpoint: Checkpoint, shapes: readonly Table[] | undefined): void {
    if (shapes !== undefined) this.#shapes = shapes
    this.#offer = { checkpoint, shapes: this.#shapes }
    if (this.#saving !== undefined || this.#timer !== undefined) return
    const wait = this.#lastSave + this.#setup.interval - performance.now()
    if (wait <= 0) this.#start()
    else this.#timer = setTimeout(() => this.#start(), wait)
  }

  /** Saves what was offered last, now, and waits for it. Throws what a save has thrown. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#error === undefined && (this.#saving !== undefined || this.#offer !== undefined)) {
      if (this.#saving === undefined) this.#start()
      await this.#saving
    }
    if (this.#error !== undefined) throw this.#error
  }

  /** Lets go of what was not saved; waits for a save that is under way, since the store is closed next. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#offer = undefined
    await this.#saving
  }

  #start(): void {
    this.#timer = undefined
    const offer = this.#offer
    if (offer === undefined || this.#error !== undefined) return
    this.#offer = undefined
    this.#saving = this.#save(offer)
      .catch((failure: unknown) => {
        this.#error = CdcError.from(failure)
        this.#setup.failed(this.#error)
      })
      .finally(() => {
        this.#saving = undefined
        this.#lastSave = performance.now()
        if (this.#offer !== undefined && this.#timer === undefined && this.#error === undefined)
          this.#timer = setTimeout(() => this.#start(), this.#setup.interval)
      })
  }

  async #save({ checkpoint, shapes }: Offer): Promise<void> {
    const { pipeline, store, report, describe, settled, acknowledge } = this.#setup
    const start = performance.now()
    await failpoint('checkpoint.save')
    if (shapes !== undefined) {
      await store.save('tables', encodeShapes(shapes))
      if (this.#shapes === shapes) this.#shapes = undefined
    }
    await store.save('checkpoint', encodeCheckpoint(pipeline, checkpoint))
    await failpoint('checkpoint.saved')
    if (checkpoint.position === undefined) return
    await acknowledge(checkpoint.position)
    await failpoint('checkpoint.acknowledged')
    const { position } = checkpoint
    const milliseconds = performance.now() - start
    report({ type: 'checkpoint', position: describe(position), milliseconds, settled: settled(position) })
  }
}
