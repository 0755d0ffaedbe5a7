/**
 * Where a pipeline keeps what it must know after a restart. Entries are small texts by name (`checkpoint`,
 * `tables`). One process at a time holds a store.
 *
 * A save is durable when its promise resolves, and atomic: after a crash an entry is the old text or the new one.
 */
export interface StateStore {
  /**
   * Takes the lease. Throws a `conflict` error (STATE_LOCKED) naming the holder when another live process has it,
   * and a `config` error when the place cannot be used.
   */
  open(): Promise<void>
  /** undefined when the entry was never saved. Throws STATE_CORRUPT when it was and cannot be trusted. */
  load(entry: string): Promise<string | undefined>
  /**
   * Saves carry a generation and compare it: when another process has written since our last load or save, this
   * throws a `conflict` error (STATE_CONFLICT) and nothing is written. Calls are serial.
   */
  save(entry: string, text: string): Promise<void>
  /** Removes every entry of the pipeline: `cdc reset`. */
  clear(): Promise<void>
  /** Gives the lease back. */
  close(): Promise<void>
  /** Where it is, for people: `directory ./state/shop`. */
  describe(): string
}

/** Makes the store of one pipeline. */
export type StateStoreFactory = (pipeline: string) => StateStore
