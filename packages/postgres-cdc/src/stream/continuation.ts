import { formatLsn, type Lsn } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { LastCommit } from '../position.ts'

/**
 * The server sends again what lies between its slot and the position. That it is what was read then proves that its log
 * is the one in which the position was taken: a server whose disk was set back, and that has written since, has the
 * same identity and an LSN that has passed the position, and other transactions.
 */
export class Continuation {
  readonly #start: Lsn
  /** Of what is sent again, the last commit with rows that there must be; undefined: there must be none. */
  readonly #expected: LastCommit | undefined
  #seen: LastCommit | undefined
  /** Nothing is left to be proved. */
  proved: boolean

  /** `confirmed`: where the slot stood; undefined: nothing is sent again. `last`: of the position. */
  constructor(start: Lsn, confirmed: Lsn | undefined, last: LastCommit | undefined) {
    this.#start = start
    this.#expected = confirmed !== undefined && last !== undefined && last.commit >= confirmed ? last : undefined
    this.proved = confirmed === undefined || last === undefined || confirmed >= start
  }

  /** A commit with rows that the position holds. */
  repeated(commit: LastCommit): void {
    this.#seen = commit
  }

  /** The log has come to this place, with nothing under way. Throws SERVER_RESTORED. */
  reached(place: Lsn): void {
    if (this.proved || place < this.#start) return
    const [seen, expected] = [this.#seen, this.#expected]
    if (seen?.commit !== expected?.commit || seen?.time !== expected?.time) throw restored(this.#start, seen, expected)
    this.proved = true
  }
}

function restored(start: Lsn, seen: LastCommit | undefined, expected: LastCommit | undefined): Error {
  const position = formatLsn(start)
  const had = expected === undefined ? 'no commit' : `the commit ${formatLsn(expected.commit)} of ${timeText(expected)}`
  const has = seen === undefined ? 'none' : `${formatLsn(seen.commit)} of ${timeText(seen)}`
  return error('SERVER_RESTORED', {
    message: `The log before the position ${position} is not the one that was read: the last commit with rows between the slot and the position was ${had}, and the server now has ${has}.`,
    where: { position },
  })
}

const timeText = ({ time }: LastCommit) => new Date(Number(time / 1000n)).toISOString()
