import type { Report, Table } from '@cdc/core'
import { CdcError } from '@cdc/core'
import { describe, expect, test } from 'vitest'
import { createLogger } from '../src/logger.ts'
import { LiveDisplay } from '../src/progress/live-display.ts'
import { Progress } from '../src/progress/progress.ts'
import { fit, progressLines } from '../src/progress/progress-lines.ts'
import { Rate } from '../src/progress/rate.ts'
import { redactor } from '../src/redact.ts'
import { changeJson, changeLines } from '../src/render/change-lines.ts'
import { renderError } from '../src/render/error-report.ts'
import { bytes, count, span } from '../src/render/numbers.ts'
import { noPaint } from '../src/render/style.ts'

describe('an error', () => {
  const cause = Object.assign(new Error('Failing row contains (canary)'), { code: '23514' })
  const error = new CdcError({
    code: 'SLOT_BUSY',
    kind: 'throttled',
    message: 'Slot cdc_shop is active for PID 4711.',
    hint: 'Stop it:\nSELECT 1;',
    where: { pipeline: 'shop', table: 'public.orders' },
    cause,
  })

  test('says what happened, where, what to do and where to read on', () => {
    expect(renderError(error, noPaint, false)).toBe(`SLOT_BUSY Slot cdc_shop is active for PID 4711.
  where: pipeline shop, table public.orders
  to do: Stop it:
         SELECT 1;
  docs:  docs/05-errors.md#slot_busy`)
  })

  test('shows the stack when asked, and never the message of a driver', () => {
    const text = renderError(error, noPaint, true)
    expect(text).toMatch(/CdcError SLOT_BUSY\n\s+at .*render\.test\.ts/)
    expect(text).toContain('caused by Error 23514')
    expect(text).not.toContain('canary')
  })

  test('what nobody foresaw is a bug, and says how to see more', () => {
    const text = renderError(new TypeError('x is not a function'), noPaint, false)
    expect(text).toContain('UNEXPECTED Unexpected error: x is not a function')
    expect(text).toContain('Run again with --stack')
  })
})

describe('secrets', () => {
  test.each([
    [['hunter2'], 'login with hunter2 failed', 'login with ****** failed'],
    [['postgres'], 'connector postgres-cdc', 'connector ******-cdc'],
    [['abc'], 'the alphabet abcdef stays', 'the alphabet abcdef stays'],
    [['a"b\\c'], JSON.stringify({ x: 'a"b\\c' }), '{"x":"******"}'],
    [['$^.*'], 'a $^.* b', 'a ****** b'],
    [[], 'postgresql://me:secret@host/db?password=secret&x=1', 'postgresql://me:******@host/db?password=******&x=1'],
  ])('%j in %j', (secrets, text, shown) => {
    expect(redactor(secrets)(text)).toBe(shown)
  })

  test('are taken out of every log line, and errors are logged without their message', () => {
    const lines: string[] = []
    const logger = createLogger({
      level: 'info',
      format: 'json',
      pipeline: 'shop',
      paint: noPaint,
      write: (line) => lines.push(line),
      redact: redactor(['hunter2']),
    })
    logger.info({ url: 'x://u:pw@h', retained: 5n, err: new Error('row (canary)') }, 'with hunter2')
    const { time: _, ...rest } = JSON.parse(lines[0]!)
    expect(rest).toEqual({
      level: 'info',
      pipeline: 'shop',
      url: 'x://u:******@h',
      retained: 5,
      err: { name: 'Error' },
      msg: 'with ******',
    })
  })
})

test('numbers are written for people', () => {
  expect([count(1234567), count(12n)]).toEqual(['1,234,567', '12'])
  expect([0, 1023, 1024, 150 * 1024, 5 * 2 ** 30, 2n ** 41n].map(bytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1.0 kB',
    '150 kB',
    '5.0 GB',
    '2.0 TB',
  ])
  expect([0, 240, 42_000, 200_000, 3_600_000 * 5.2, 86_400_000 * 3].map(span)).toEqual([
    '0.0 s',
    '0.2 s',
    '42 s',
    '3 min 20 s',
    '5 h 12 min',
    '3 d 0 h',
  ])
})

describe('a rate', () => {
  test('is what came in the last seconds, and falls to nothing when nothing comes', () => {
    const rate = new Rate(3_000)
    for (let second = 0; second <= 10; second++) rate.add(second * 1000, second * 500)
    expect(rate.at(10_000)).toBe(500)
    expect(rate.at(11_500)).toBeLessThan(500)
    expect(rate.at(14_000)).toBe(0)
  })

  test('is not known before there is anything to compare', () => {
    const rate = new Rate()
    expect(rate.at(0)).toBeUndefined()
    rate.add(0, 0)
    expect(rate.at(10)).toBeUndefined()
  })
})

describe('the terminal', () => {
  const progressOf = (reports: readonly [at: number, report: Report][]) => {
    const progress = new Progress(0)
    for (const [at, report] of reports) progress.apply(report, at)
    return progress
  }
  const tables = [
    { table: 'public.a', rows: 1000 },
    { table: 'public.bb', rows: 0 },
    { table: 'public.c', rows: 10 },
  ]

  test('has a bar a table with rows, rows a second and time left', () => {
    const progress = progressOf([
      [0, { type: 'snapshot-started', tables }],
      [0, { type: 'snapshot-progress', table: 'public.a', rows: 0, done: false }],
      [2000, { type: 'snapshot-progress', table: 'public.a', rows: 500, done: false }],
      [2000, { type: 'snapshot-progress', table: 'public.c', rows: 10, done: true }],
    ])
    expect(progressLines(progress, 2000, 120, noPaint)).toEqual([
      'public.c  ████████████████████████ 10 rows in 0.0 s',
      'public.a  ████████████░░░░░░░░░░░░ 50 %  500 rows  250 rows/s  2.0 s left',
      'public.bb ░░░░░░░░░░░░░░░░░░░░░░░░ waiting',
      'snapshot  0 rows/s  0 in all',
    ])
  })

  test('never says 100 % of a table that is being read, whatever the estimate', () => {
    const progress = progressOf([
      [0, { type: 'snapshot-started', tables }],
      [500, { type: 'snapshot-progress', table: 'public.a', rows: 5000, done: false }],
    ])
    expect(progressLines(progress, 600, 120, noPaint)[0]).toContain('99 %')
  })

  test('sums up what does not fit', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ table: `public.t${index}`, rows: 1 }))
    const lines = progressLines(progressOf([[0, { type: 'snapshot-started', tables: many }]]), 0, 120, noPaint)
    expect(lines).toHaveLength(14)
    expect(lines[12]).toBe('38 more tables, 0 of 50 done')
  })

  const streaming: [number, Report][] = [
    [0, { type: 'streaming', position: 'p' }],
    [1000, { type: 'written', changes: 3000, bytes: 1, milliseconds: 1 }],
    [1000, { type: 'lag', bytes: 2048, milliseconds: 300 }],
    [1500, { type: 'checkpoint', position: 'p', milliseconds: 2, settled: true }],
  ]

  test('has one line while streaming: rate, lag, checkpoint; the last facts give way where it is narrow', () => {
    const progress = progressOf(streaming)
    expect(progressLines(progress, 2000, 100, noPaint)).toEqual([
      'streaming  1,500 changes/s  lag 2.0 kB, 0.3 s  checkpoint 0.5 s ago  3,000 in all',
    ])
    expect(progressLines(progress, 2000, 50, noPaint)).toEqual(['streaming  1,500 changes/s  lag 2.0 kB, 0.3 s'])
  })

  test('tells why it waits', () => {
    const fault: Report = { type: 'rewind', code: 'CONNECTION_LOST', message: 'It is gone.', delay: 4000 }
    const progress = progressOf([...streaming, [3000, fault]])
    expect(progressLines(progress, 4000, 120, noPaint)).toEqual([
      'waiting  CONNECTION_LOST  again in 3.0 s  It is gone.',
    ])
    progress.apply({ type: 'written', changes: 1, bytes: 1, milliseconds: 1 }, 8000)
    expect(progress.phase).toBe('streaming')
  })

  test('lines that are too long are cut, colours left out', () => {
    expect(fit('\u001b[31m12345\u001b[39m67890', 8)).toBe('123456…')
  })

  test('log lines scroll above the drawn ones', () => {
    const written: string[] = []
    const screen = { columns: 80, write: (text: string) => written.push(text) }
    const display = new LiveDisplay(screen, () => ['one', 'two'], 1_000_000)
    display.print('log\n')
    display.print('more\n')
    display.stop()
    expect(written.join('')).toBe('log\none\ntwo\n\u001b[2A\r\u001b[Jmore\none\ntwo\n\u001b[2A\r\u001b[Jone\ntwo\n')
  })
})

describe('changes', () => {
  const table: Table = {
    schema: 'public',
    name: 't',
    key: [0],
    columns: [
      { name: 'id', type: { kind: 'int64' }, native: 'bigint' },
      { name: '__proto__', type: { kind: 'string' }, native: 'text' },
      { name: 'raw', type: { kind: 'bytes' }, native: 'bytea' },
    ],
  }
  const transaction = { connector: 'x', database: 'd', id: '7', commitTime: 1_700_000_000_000_000n, commit: 1n }
  const origin = { transaction, offset: 1n, order: 0 }
  const update = {
    kind: 'update',
    table,
    before: [1n, undefined, undefined],
    after: [2n, 'two\nlines', new Uint8Array([1, 255])],
    origin,
  } as const

  test('are lines with their row kinds; cells not sent are left out, line feeds do not break lines', () => {
    expect(changeLines(update, noPaint)).toEqual([
      '-U public.t id=1',
      '+U public.t id=2 __proto__="two\\nlines" raw=\\x01ff',
    ])
    expect(changeLines({ kind: 'truncate', table, origin }, noPaint)).toEqual(['TRUNCATE public.t'])
    expect(changeLines({ kind: 'schema', table, origin }, noPaint)).toEqual([])
  })

  test('are JSON with exact numbers', () => {
    expect(changeJson(update)).toEqual([
      '{"kind":"update","table":"public.t","before":{"id":"1"},"after":{"id":"2","__proto__":"two\\nlines","raw":"\\\\x01ff"},"transaction":"7","time":"2023-11-14T22:13:20.000Z"}',
    ])
  })
})
