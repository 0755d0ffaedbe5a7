import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricNames } from './index.ts'

const docs = join(import.meta.dirname, '../../../docs')

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: unknown
}

const dashboard = JSON.parse(readFileSync(join(docs, 'grafana/cdc.json'), 'utf8')) as Dashboard
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

test('the dashboard asks for every metric, and for none that is not there', () => {
  const asked = `${expressions.join('\n')} ${JSON.stringify(dashboard.templating)}`.match(/\bcdc_\w+/g)!
  const names = new Set(asked.map((name) => name.replace(/_(bucket|sum|count)$/, '')))
  expect([...names].sort()).toEqual(Object.keys(metricNames).sort())
  for (const expression of expressions) expect(expression).toContain('pipeline=~"$pipeline"')
})

test('a histogram is asked for by its buckets, and nothing else is', () => {
  const histograms = new Set(expressions.join('\n').match(/\bcdc_\w+(?=_bucket)/g))
  expect([...histograms].sort()).toEqual(
    Object.keys(metricNames)
      .filter((name) => /^cdc_batch_|_duration_seconds$/.test(name))
      .sort(),
  )
})

test('the docs have every metric with the meaning that the endpoint gives', () => {
  const page = readFileSync(join(docs, '10-metrics-and-logs.md'), 'utf8')
  for (const [name, meaning] of Object.entries(metricNames)) expect(page).toContain(`| \`${name}\` | ${meaning} |`)
})
