import { CdcError } from '@cdc/core'
import { readPublication, type Session } from '@cdc/pg-replication'
import type { Relation } from './catalog.ts'
import { assertSamePublication, droppedSince, publicationGone } from './continuity.ts'
import type { PositionParts } from './position.ts'

/** Milliseconds between two looks. */
const interval = 5_000

export interface PublicationWatchSetup {
  readonly session: Session
  readonly publication: string
  readonly parts: PositionParts
  readonly tables: readonly Relation[]
  /** Called at most once, with PUBLICATION_CHANGED. */
  readonly changed: (failure: CdcError) => void
}

/**
 * Looks now and then whether the publication is what it was: a server tells nobody that a table was taken out of it,
 * and leaves its changes out. Positions keep saying how it was, so that a start after that is refused as well.
 */
export class PublicationWatch {
  readonly #setup: PublicationWatchSetup
  #timer: NodeJS.Timeout | undefined
  #seen: string | undefined
  #looking = false

  constructor(setup: PublicationWatchSetup) {
    this.#setup = setup
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), interval)
    this.#timer.unref()
    void this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const now = await this.#digest()
      if (now === this.#seen) return
      const failure = await this.#compare()
      // a table that is dropped at this very moment looks as if it was taken out: the second look sees it gone
      const again = failure === undefined ? undefined : await this.#compare()
      if (this.#timer === undefined) return
      if (again === undefined) this.#seen = now
      else {
        this.stop()
        this.#setup.changed(again)
      }
    } catch {
      // a lost session is told by whoever needs it
    } finally {
      this.#looking = false
    }
  }

  /** Another text whenever the publication may have changed; costs next to nothing. */
  async #digest(): Promise<string> {
    const { session, publication } = this.#setup
    const [row] = await session.query(
      `SELECT p.oid || ' ' || p.xmin || ' ' || (SELECT count(*) || ' ' || coalesce(sum(r.oid::bigint), 0)
         FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid) AS digest
       FROM pg_catalog.pg_publication p WHERE p.pubname = $1::pg_catalog.name`,
      [publication],
    )
    return row?.digest ?? 'gone'
  }

  async #compare(): Promise<CdcError | undefined> {
    const { session, publication: name, parts, tables } = this.#setup
    const publication = await readPublication(session, name)
    if (publication === undefined) return publicationGone(name)
    const gone = new Set(await droppedSince(session, parts))
    try {
      const there = tables.filter(({ oid }) => !gone.has(oid))
      await assertSamePublication(session, parts, publication, there)
      return undefined
    } catch (failure) {
      if (CdcError.is(failure) && failure.code === 'PUBLICATION_CHANGED') return failure
      throw failure
    }
  }
}
