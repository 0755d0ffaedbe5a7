import type { Option } from './option.ts'
import type { OptionSet } from './option-set.ts'

/** The README's table of a connector, as Markdown. */
export function optionTable(options: OptionSet): string {
  const rows = Object.entries(options.fields).map(
    ([key, field]) =>
      `| \`${key}\` | ${presence(field)} | ${typeOf(field)} | ${field.text.doc.replaceAll('|', '\\|')} |`,
  )
  const table = ['| Option | Default | Type | Meaning |', '| --- | --- | --- | --- |', ...rows]
  if (options.refused === undefined) return table.join('\n')
  const refused = Object.entries(options.refused).map(
    ([name, why]) => `| \`${name}\` | ${why.replaceAll('|', '\\|')} |`,
  )
  return [...table, '', '| Not taken | Why |', '| --- | --- |', ...refused].join('\n')
}

function presence(field: Option): string {
  if (field.text.required) return '**required**'
  const value = field.text.default
  return value === undefined ? '' : `\`${String(value)}\``
}

function typeOf(field: Option): string {
  const values = (field as { values?: readonly string[] }).values
  return values === undefined ? field.type : values.map((value) => `\`${value}\``).join(', ')
}
