import { join, posix } from 'node:path'
import { filesError } from './errors.ts'
import { coded } from './file-errors.ts'
import { nameInSeries, seriesExpression } from './file-pattern.ts'
import { isThere, namesIn } from './folder.ts'
import type { ManifestStore } from './manifest-store.ts'

const most = 1000

/** Names for new files, which are never those of files that are there. */
export class SeriesNames {
  readonly #folder: string
  readonly #store: ManifestStore
  /** The last number that each series has used. */
  readonly #last = new Map<string, number>()

  constructor(folder: string, store: ManifestStore) {
    this.#folder = folder
    this.#store = store
  }

  learn(sequences: Readonly<Record<string, number>>): void {
    for (const [series, sequence] of Object.entries(sequences)) this.#last.set(series, sequence)
  }

  /** What the manifest is to keep. Series with a date or an hour end; their numbers can be found again from the files. */
  sequences(isOpen: (series: string) => boolean): Record<string, number> {
    for (const series of this.#last.keys()) {
      if (this.#last.size <= most) break
      if (!isOpen(series)) this.#last.delete(series)
    }
    return Object.fromEntries(this.#last)
  }

  /** The name of the next file of a series, or the only one of a series without numbers. */
  async next(series: string): Promise<string> {
    if (!series.includes('${sequence}')) return this.#only(series)
    let sequence = this.#last.get(series) ?? (await this.#highest(series))
    do sequence++
    while (await isThere(join(this.#folder, nameInSeries(series, sequence))))
    this.#last.set(series, sequence)
    return nameInSeries(series, sequence)
  }

  async #only(series: string): Promise<string> {
    const file = join(this.#folder, series)
    if (!(await isThere(file))) return series
    // another process may have made it just now
    this.#store.checkOwn()
    const message = `There is a file ${file} already, and this pipeline has not written it.`
    throw filesError('FILE_TAKEN', { message, where: { file } })
  }

  /** The highest number that files of the series have, which may be left from a run before a reset. */
  async #highest(series: string): Promise<number> {
    const own = seriesExpression(series)
    const below = posix.dirname(series)
    if (below.includes('${sequence}')) return 0
    const folder = join(this.#folder, below)
    const names = await coded('list the folder', folder, () => namesIn(folder))
    return names.reduce((last, name) => Math.max(last, Number(own.exec(posix.join(below, name))?.[1] ?? 0)), 0)
  }
}
