import type { ConfiguredFormat, OptionProblem, OptionSet } from '@cdc/core'
import { nearest } from '@cdc/core'
import type { Connectors } from '../connectors.ts'
import type { Section } from './document.ts'
import type { FaultList } from './fault-list.ts'
import type { Spot } from './problem.ts'
import { type Entry, type MapTree, plain } from './tree.ts'

/** A format with the options that stand under its name. */
export interface FormatSection {
  /** Its options with the keys as faults name them, and with its own keys. */
  readonly options: MapTree
  readonly own: MapTree
  readonly raw: Readonly<Record<string, unknown>>
  readonly declared: OptionSet
  readonly problems: readonly OptionProblem[]
  /** Where it is named: missing options are reported there. */
  readonly spot: Spot
}

/** The options of a connector when its formats are taken out of them. */
export interface WithFormats {
  readonly options: MapTree
  readonly raw: Readonly<Record<string, unknown>>
  readonly formats: readonly FormatSection[]
}

/**
 * Puts configured formats in the place of their names. An option that names a format (`format`, `value.format`) has the
 * options of that format beside it, after the same prefix and under its name: `debezium-json.schemas.enable`,
 * `value.json.ignore-parse-errors`.
 */
export async function takeFormats(
  section: Section,
  declared: OptionSet,
  connectors: Connectors,
  faults: FaultList,
): Promise<WithFormats> {
  const entries = new Map(section.options.entries)
  const configured: Record<string, ConfiguredFormat> = {}
  const formats: FormatSection[] = []
  const named = Object.entries(declared.fields).flatMap(([key, { format, text }]) =>
    format ? [key, ...(text.aliases ?? [])] : [],
  )
  for (const key of named) {
    const tree = entries.get(key)?.value
    if (tree?.kind !== 'scalar' || typeof tree.value !== 'string') continue
    const { value: name, spot } = tree
    const definition = await connectors.find('format', name)
    const stem = key.slice(0, key.length - 'format'.length)
    const prefixes = [name, definition?.name ?? name].map((one) => `${stem}${one}.`)
    const under: [string, Entry][] = []
    for (const [written, entry] of [...entries]) {
      const prefix = prefixes.find((one) => written.toLowerCase().startsWith(one.toLowerCase()))
      if (prefix === undefined) continue
      entries.delete(written)
      under.push([written.slice(prefix.length), entry])
    }
    // what is wrong with the rest is told all the same
    configured[key] = placeholder
    if (definition === undefined) {
      const meant = unknown(name, spot, connectors, faults)
      // the options of the one that is meant are no mistake beside this one
      if (meant !== undefined) for (const one of keysUnder(`${stem}${meant}.`, entries)) entries.delete(one)
      continue
    }
    for (const other of connectors.names('format')) {
      for (const one of keysUnder(`${stem}${other}.`, entries)) {
        if (Object.hasOwn(declared.fields, one)) continue
        const message = `Option '${one}' belongs to format '${other}', and '${key}' is '${name}'.`
        faults.add('UNKNOWN_OPTION', entries.get(one)!.key, message, 'Leave it out, or set the other format.')
        entries.delete(one)
      }
    }
    const own = { ...section.options, entries: new Map(under) }
    const options = { ...own, entries: new Map(under.map(([one, entry]) => [prefixes[0] + one, entry])) }
    const raw = plain(own) as Record<string, unknown>
    const result = definition.configure(raw, prefixes[0])
    if (result.configured !== undefined) configured[key] = result.configured
    formats.push({ options, own, raw, problems: result.problems, declared: definition.options, spot })
  }
  const options = { ...section.options, entries }
  return { options, raw: { ...(plain(options) as object), ...configured }, formats }
}

const keysUnder = (prefix: string, entries: ReadonlyMap<string, Entry>) =>
  [...entries.keys()].filter((key) => key.toLowerCase().startsWith(prefix.toLowerCase()))

/** Gives the name that was probably meant. */
function unknown(written: string, spot: Spot, connectors: Connectors, faults: FaultList): string | undefined {
  const names = connectors.names('format')
  const near = nearest(written, names)
  const list = names.length === 0 ? '' : `There are: ${names.join(', ')}. `
  const hint = `${near === undefined ? '' : `Did you mean '${near}'? `}${list}Others come with \`plugins:\`.`
  faults.add('UNKNOWN_FORMAT', spot, `There is no format '${written}'.`, hint)
  return near
}

/**
 * Stands for a format that could not be made out; the file is refused in any case. It holds what every connector takes,
 * so that no rule of a connector says something of it that is not so.
 */
const placeholder: ConfiguredFormat = {
  kind: 'format',
  name: 'unknown',
  holds: 'append',
  create() {
    throw new Error('This format has mistakes in its options.')
  },
}
