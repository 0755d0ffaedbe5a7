import type { PostgresServer } from '@cdc/servers'
import type { BenchKafka } from './kafka/broker.ts'
import type { Scale } from './options.ts'
import type { TableRow } from './table.ts'

/** What every case has at hand. */
export interface Bench {
  readonly source: PostgresServer
  readonly target: PostgresServer
  /** Starts when a case wants it. */
  readonly kafka: BenchKafka
  /** For state and files; gone at the end. */
  readonly folder: string
  readonly scale: Scale
}

/** One thing that is measured, in rows of the table. */
export interface Case {
  readonly name: string
  /** Measures; `progress` says which run is on. */
  measure(progress: (text: string) => void): Promise<readonly TableRow[]>
}

/** Cases that share what was prepared for them. Nothing is made before a case wants it. */
export interface Group {
  readonly cases: readonly Case[]
  /** Removes what was made. */
  close(): Promise<void>
}

/** A value that is made when first asked for. */
export class Lazy<T> {
  readonly #make: () => Promise<T>
  #made: Promise<T> | undefined

  constructor(make: () => Promise<T>) {
    this.#make = make
  }

  get(): Promise<T> {
    this.#made ??= this.#make()
    return this.#made
  }

  /** Does something with the value, if it was ever made. */
  async ifMade(run: (value: T) => Promise<void>): Promise<void> {
    if (this.#made !== undefined) await run(await this.#made)
  }
}
