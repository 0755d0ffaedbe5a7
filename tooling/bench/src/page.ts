import { readFileSync, writeFileSync } from 'node:fs'
import type { Scale } from './options.ts'
import { markdownTable, type TableRow } from './table.ts'

interface Moment {
  readonly load: readonly number[]
  readonly at: Date
}

/** When it was measured, and how busy the machine was. */
export interface Circumstances {
  readonly started: Moment
  readonly ended: Moment
  readonly scale: Scale
}

/** A page, and what stands in it between the marks of a name. Throws when there is no such place. */
function findPlace(place: string) {
  const [file, name] = place.split('#') as [string, string?]
  const text = readFileSync(file, 'utf8')
  const [open, close] = [`<!-- bench: ${name} -->`, '<!-- /bench -->']
  const from = text.indexOf(open)
  const to = text.indexOf(close, from)
  if (from < 0 || to < 0) throw new Error(`${file} has no place ${open} ... ${close}.`)
  return { file, text, open, from, to }
}

/** Throws what `putInto` would, before anything is measured. */
export function checkPlace(place: string): void {
  findPlace(place)
}

/** Replaces what a page has of an earlier run. `place`: the file and the name in its marks, with # between them. */
export function putInto(place: string, rows: readonly TableRow[], { started, ended, scale }: Circumstances): void {
  const { file, text, open, from, to } = findPlace(place)
  const [before, after] = [started, ended].map(({ load }) => load[0]!.toFixed(1))
  const runs = scale.runs === 1 ? 'Run once' : `Medians of ${scale.runs}`
  const said = `${runs} on ${ended.at.toISOString().slice(0, 10)}; load average ${before} before, ${after} after.`
  const made = `${open}\n\n${said}\n\n${markdownTable(rows)}\n\n`
  writeFileSync(file, text.slice(0, from) + made + text.slice(to))
}
