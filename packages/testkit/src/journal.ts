import type { Position } from '@cdc/core'

/** One call, as it began or as it ended. */
export interface JournalEntry {
  /** `source`, or the sink's id. Tests may write entries of their own (`state`). */
  readonly who: string
  /** Which instance of it, from 1. */
  readonly instance: number
  readonly call: string
  readonly phase: 'begin' | 'done' | 'failed'
  readonly position?: Position
  /** How many changes a batch had. */
  readonly changes?: number
}

/** The order of calls, over all who were given the same journal. */
export class Journal {
  readonly entries: JournalEntry[] = []

  note(entry: JournalEntry): void {
    this.entries.push(entry)
  }

  /** `who.call` of the calls that ended well, in the order of their ends: for short assertions. */
  done(): string[] {
    return this.entries.filter(({ phase }) => phase === 'done').map(({ who, call }) => `${who}.${call}`)
  }

  /** Runs a call and writes down its begin and end. */
  async around<T>(entry: Omit<JournalEntry, 'phase'>, act: () => Promise<T>): Promise<T> {
    this.note({ ...entry, phase: 'begin' })
    try {
      const result = await act()
      this.note({ ...entry, phase: 'done' })
      return result
    } catch (error) {
      this.note({ ...entry, phase: 'failed' })
      throw error
    }
  }
}
