import type { OptionRule } from '@cdc/core'
import { debeziumOption, debeziumProblem } from './debezium-options.ts'
import type { Fields, StartupMode } from './option-fields.ts'
import { compilePatterns } from './pattern.ts'
import { slotNameFrom } from './slot-name.ts'
import { snapshotModes, startupOf } from './startup.ts'
import { TEMPORARY_SLOT_PREFIX } from './temporary-slot.ts'

type Rule = OptionRule<Fields>

const plugin: Rule = (values, problem) => {
  const name = values['decoding.plugin.name']
  if (name !== undefined && name.trim().toLowerCase() !== 'pgoutput')
    problem(
      'decoding.plugin.name',
      `Option 'decoding.plugin.name' can only be pgoutput, but is '${name}': other plug-ins must be installed at the server, and the slot would be theirs.`,
      'Leave it out, or write: decoding.plugin.name: pgoutput',
    )
}

const slot: Rule = (values, problem) => {
  const name = values['slot.name']
  if (name === undefined) return
  if (!/^[a-z0-9_]{1,63}$/.test(name))
    problem(
      'slot.name',
      `Option 'slot.name' must be of a-z, 0-9 and _, at most 63 characters, but is '${name}'.`,
      `For example: slot.name: ${slotNameFrom(name)}`,
    )
  else if (name.startsWith(TEMPORARY_SLOT_PREFIX))
    problem(
      'slot.name',
      `Option 'slot.name' must not begin with ${TEMPORARY_SLOT_PREFIX}, the beginning of temporary slots, but is '${name}'.`,
    )
}

const patterns: Rule = (values, problem) => {
  for (const name of ['schema-name', 'table-name'] as const) {
    const value = values[name]
    if (value !== undefined) checkPattern(name, value, problem)
  }
  for (const name of patternLists) {
    const value = values['debezium.*']?.[name]
    if (value !== undefined) checkPattern(`debezium.${name}`, value, problem)
  }
}
const patternLists = [
  'column.include.list',
  'column.exclude.list',
  'snapshot.include.collection.list',
  'message.prefix.include.list',
  'message.prefix.exclude.list',
]

function checkPattern(name: string, value: string, problem: Parameters<Rule>[1]): void {
  try {
    compilePatterns(value)
  } catch (cause) {
    problem(
      name as 'table-name',
      `Option '${name}' is no regular expression: '${value.slice(0, 200)}' ${(cause as Error).message}.`,
      'The whole name must match: `orders|customers`, `order_.*`.',
    )
  }
}

const refusals: Rule = (values, problem) => {
  if (values['scan.newly-added-table.enabled'])
    problem(
      'scan.newly-added-table.enabled',
      "Option 'scan.newly-added-table.enabled' cannot be true yet: tables that match later are left out.",
      'To take a new table in, start over with `cdc reset`.',
    )
  if (values['scan.read-changelog-as-append-only.enabled'])
    problem(
      'scan.read-changelog-as-append-only.enabled',
      "Option 'scan.read-changelog-as-append-only.enabled' cannot be true: an update that is written as an insert cannot be told from one.",
      'Use a format that writes the kind of a change down (debezium-json), or the metadata column row_kind.',
    )
}

const debezium: Rule = (values, problem) => {
  for (const [name, value] of Object.entries(values['debezium.*'] ?? {})) {
    const entry = debeziumOption(name)
    const found = entry !== undefined && 'own' in entry ? undefined : debeziumProblem(name, value)
    if (found !== undefined) problem(`debezium.${name}` as 'debezium.*', found.message, found.hint)
  }
  for (const fault of debeziumFaults(values['debezium.*'] ?? {}, values['scan.startup.mode']))
    problem(fault.option as 'debezium.*', fault.message)
}

/** What is wrong with the values of those that work. */
function* debeziumFaults(given: Readonly<Record<string, string>>, startup: StartupMode | undefined) {
  const fault = (name: string, must: string) => ({
    option: `debezium.${name}`,
    message: `Option 'debezium.${name}' must be ${must}, but is '${given[name]}'.`,
  })
  for (const name of ['slot.max.retries', 'slot.retry.delay.ms'])
    if (given[name] !== undefined && !/^\d{1,9}$/.test(given[name].trim()))
      yield fault(name, 'a whole number of at least 0')
  const autocreate = given['publication.autocreate.mode']
  if (autocreate !== undefined && !autocreateModes.includes(autocreate.trim().toLowerCase()))
    yield fault('publication.autocreate.mode', `one of ${autocreateModes.join(', ')}`)
  const failover = given['slot.failover']
  if (failover !== undefined && !/^(true|false)$/i.test(failover.trim())) yield fault('slot.failover', 'true or false')
  const operations = given['skipped.operations']
  if (operations !== undefined && !/^\s*(none|[cudt](\s*,\s*[cudt])*)\s*$/.test(operations))
    yield fault('skipped.operations', 'none, or a list of c, u, d and t')
  const mode = given['snapshot.mode']
  if (mode !== undefined) {
    const mapped = startupOf(mode)
    if (mapped === undefined)
      yield fault(
        'snapshot.mode',
        `one of ${Object.keys(snapshotModes).join(', ')} (others would take a snapshot over rows that the target has)`,
      )
    else if (startup !== undefined && startup !== 'initial' && startup !== mapped)
      yield fault('snapshot.mode', `left out where scan.startup.mode is '${startup}'`)
  }
  for (const both of ['column', 'message.prefix'])
    if (given[`${both}.include.list`] !== undefined && given[`${both}.exclude.list`] !== undefined)
      yield fault(`${both}.exclude.list`, `left out where debezium.${both}.include.list is given`)
  for (const entry of (given['message.key.columns'] ?? '').split(';'))
    if (entry.trim() !== '' && !/^.+:[^:]+$/.test(entry.trim()))
      yield fault('message.key.columns', 'a list such as `public.orders:region,id;public.log:id`')
  for (const table of (given['snapshot.select.statement.overrides'] ?? '').split(',').map((one) => one.trim()))
    if (table !== '' && given[`snapshot.select.statement.overrides.${table}`] === undefined)
      yield {
        option: 'debezium.snapshot.select.statement.overrides',
        message: `Option 'debezium.snapshot.select.statement.overrides.${table}' is missing: it must hold the SELECT for ${table}.`,
      }
}
const autocreateModes = ['filtered', 'all_tables', 'disabled', 'no_tables']

/** Every rule across options. */
export const rules: readonly Rule[] = [plugin, slot, patterns, refusals, debezium]
