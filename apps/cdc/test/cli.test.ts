import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exitCodeTable } from '../src/exit-codes.ts'
import { CdcProcess, cdc } from './cdc-process.ts'
import { fixtures, pipelineFile } from './pipeline-file.ts'

const numbers = (rows: number, more = '') =>
  pipelineFile(`name: demo
source: {connector: datagen, schema: 'id BIGINT, PRIMARY KEY (id)', number-of-rows: ${rows}, rows-per-second: 500, fields.id.kind: sequence, fields.id.start: 1, fields.id.end: 100000}
sink: {connector: print}
${more}`)

describe('exit codes', () => {
  test('help is 0 and shows the exit codes', async () => {
    const { code, stdout } = await cdc(['--help'])
    expect(code).toBe(0)
    for (const [exit, meaning] of exitCodeTable) expect(stdout).toContain(`${exit.padEnd(9)}${meaning}`)
  })

  test.each([
    [['rnu'], 'Did you mean run?'],
    [['run'], "missing required argument 'file'"],
    [['run', 'x.yaml', '--log-levle', 'info'], "unknown option '--log-levle'"],
    [['run', 'x.yaml', '--log-level', 'loud'], 'Allowed choices are debug, info, warn, error, silent.'],
    [['tail', 'x.yaml', '--limit', '0'], 'It must be a whole number of at least 1.'],
  ])('%j is 2: a wrong command line', async (args, text) => {
    const { code, stderr } = await cdc(args)
    expect(code).toBe(2)
    expect(stderr).toContain(text)
  })

  test.each(['run', 'validate', 'plan', 'doctor', 'tail', 'reset'])('cdc %s --help has examples', async (command) => {
    const { code, stdout } = await cdc([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Examples:\n  $ `)
    expect(stdout).toContain(`cdc ${command} shop.yaml`)
  })
})

describe('validate', () => {
  test('says that a file is right', async () => {
    const file = numbers(1)
    const { code, stdout } = await cdc(['validate', file])
    expect([code, stdout]).toEqual([0, `${file}: valid. Pipeline demo: datagen → print\n`])
  })

  test('shows each mistake with its line, a caret below it and what to do', async () => {
    const file = pipelineFile('name: demo\nsource:\n  connector: datagenn\nsink: {connector: print}\n')
    const { code, stderr } = await cdc(['validate', file])
    expect(code).toBe(2)
    expect(stderr).toBe(`UNKNOWN_CONNECTOR ${file} has a mistake.

${file}:3:14  There is no source 'datagenn'.  UNKNOWN_CONNECTOR
  3 |   connector: datagenn
    |              ^^^^^^^^
  Did you mean 'datagen'? There are: cdc-postgres, datagen, filesystem, kafka, postgres-cdc, upsert-kafka. Others come with \`plugins:\`.

  docs:  docs/05-errors.md#unknown_connector
`)
  })

  test('looks at several files and at standard input, and is as bad as the worst', async () => {
    const good = numbers(1)
    const { code, stdout, stderr } = await cdc(['validate', good, '-'], { input: 'name: x\n' })
    expect(code).toBe(2)
    expect(stdout).toContain(`${good}: valid.`)
    expect(stderr).toContain("(standard input):1:1  The pipeline has no 'source'.")
  })

  test('tells what the runtime would refuse before connecting', async () => {
    const file = pipelineFile(
      `name: a\nplugins: [${join(fixtures, 'append-only.ts')}]\nsource: {connector: postgres-cdc, hostname: h, username: u, password: p, database-name: d, schema-name: s, table-name: t}\nsink: {connector: append-only}\n`,
    )
    const { code, stderr } = await cdc(['validate', file])
    expect(code).toBe(2)
    expect(stderr).toContain('CHANGELOG_MODE')
  })
})

describe('run', () => {
  test('runs a bounded source to its end, prints rows to standard output and JSON logs to standard error', async () => {
    const file = numbers(3)
    const { code, stdout, logs } = await cdc(['run', file])
    expect([code, stdout]).toEqual([0, '+I[1]\n+I[2]\n+I[3]\n'])
    expect(logs[0]).toMatchObject({
      level: 'info',
      pipeline: 'demo',
      source: 'datagen',
      sinks: ['print'],
      msg: 'pipeline starting',
    })
    expect(logs.at(-1)).toMatchObject({ level: 'info', pipeline: 'demo', reason: 'finished' })
    for (const { time } of logs) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  test('keeps its state beside the file and goes on from there', async () => {
    const file = numbers(5)
    await cdc(['run', file])
    expect(existsSync(join(dirname(file), 'state', 'demo'))).toBe(true)
    expect((await cdc(['run', file])).stdout).toBe('')
    expect((await cdc(['reset', file, '--yes'])).code).toBe(0)
    expect((await cdc(['run', file])).stdout).toContain('+I[5]')
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops it gracefully: everything printed is saved, and the code is 0',
    async (signal) => {
      const file = numbers(100_000)
      await using run = new CdcProcess(['run', file])
      await run.says('pipeline starting')
      run.child.stdout!.once('data', () => run.signal(signal))
      expect(await run.exit()).toBe(0)
      expect(run.logs.at(-1)).toMatchObject({ reason: 'stopped' })
      const printed = run.stdout.trim().split('\n').length
      await using again = new CdcProcess(['run', file])
      await again.says('pipeline starting')
      again.child.stdout!.once('data', () => again.signal(signal))
      await again.exit()
      expect(again.stdout.split('\n')[0]).toBe(`+I[${printed + 1}]`)
    },
  )

  test('a second signal ends it at once, with 143 for SIGTERM', async () => {
    await using run = new CdcProcess(['run', numbers(100_000)], { env: { CDC_FAILPOINTS: 'sink.flush:hang' } })
    await run.prints()
    run.signal('SIGTERM')
    await run.says('once more ends at once')
    run.signal('SIGTERM')
    expect(await run.exit()).toBe(143)
  })

  test('one that is already running is 7, and says who holds the state', async () => {
    const file = numbers(100_000)
    await using first = new CdcProcess(['run', file])
    await first.prints()
    const { code, logs } = await cdc(['run', file])
    expect(code).toBe(7)
    expect(logs.at(-1)).toMatchObject({ level: 'error', code: 'STATE_LOCKED', docs: 'docs/05-errors.md#state_locked' })
    expect(logs.at(-1)!.msg).toContain(String(first.child.pid))
  })

  test('an error is told once, as a log line where logs are JSON and as text where they are pretty', async () => {
    const env = { CDC_FAILPOINTS: 'sink.write:error' }
    const json = await cdc(['run', numbers(3)], { env })
    expect(json.code).toBe(70)
    expect(json.logs.filter(({ level }) => level === 'error')).toMatchObject([{ code: 'FAILPOINT', kind: 'bug' }])
    expect(json.stderr).not.toContain(' at ')
    const pretty = await cdc(['run', numbers(3), '--log-format', 'pretty'], { env })
    expect(pretty.stderr).toContain("FAILPOINT Failpoint 'sink.write' was armed to fail.\n  where: pipeline demo")
    expect(pretty.stderr).not.toContain('    at ')
    const stack = await cdc(['run', numbers(3), '--log-format', 'pretty', '--stack'], { env })
    expect(stack.stderr).toMatch(/ {4}at .*failpoints\.ts/)
  })

  test('mistakes of a file are a log line each where logs are JSON', async () => {
    const { code, logs } = await cdc(['run', pipelineFile('name: A\nsource: {connector: datagen, schema: id INT}\n')])
    expect(code).toBe(2)
    expect(logs).toMatchObject([
      { level: 'error', code: 'MISSING_KEY', line: 1, column: 1 },
      { level: 'error', code: 'INVALID_NAME', line: 1, column: 7, hint: 'For example: a' },
    ])
  })

  test('failpoints that cannot be read are refused', async () => {
    const { code, stderr } = await cdc(['run', numbers(1)], { env: { CDC_FAILPOINTS: 'sink.write' } })
    expect(code).toBe(2)
    expect(stderr).toContain("'sink.write' is not name:kill|error|rewind|hang|freeze[:nth].")
  })

  test('failpoints that are not there are refused', async () => {
    const { code, stderr } = await cdc(['run', numbers(1)], { env: { CDC_FAILPOINTS: 'sink.wrote:kill' } })
    expect(code).toBe(2)
    expect(stderr).toContain("There is no failpoint 'sink.wrote'.")
  })

  test('a failpoint kills at the visit that it names', async () => {
    const run = await cdc(['run', numbers(2_000)], { env: { CDC_FAILPOINTS: 'checkpoint.rename:kill:2' } })
    expect(run.code).toBe('SIGKILL')
  })

  test.each(['debug', 'silent'])('--log-level %s is obeyed', async (level) => {
    const { logs } = await cdc(['run', numbers(1), '--log-level', level])
    expect(logs.some((log) => log.level === 'debug')).toBe(level === 'debug')
    if (level === 'silent') expect(logs).toEqual([])
  })
})

describe('colours', () => {
  const bad = pipelineFile('name: A\n')
  test.each([
    [['validate', bad], {}, false],
    [['validate', bad], { FORCE_COLOR: '1' }, true],
    [['validate', bad], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    [['validate', bad, '--no-color'], { FORCE_COLOR: '1' }, false],
  ] as const)('%j %j', async (args, env, coloured) => {
    expect((await cdc(args, { env })).stderr.includes('\u001b[')).toBe(coloured)
  })
})

describe('commands that ask', () => {
  test('reset elsewhere than on a terminal wants --yes', async () => {
    const { code, stderr } = await cdc(['reset', numbers(1)])
    expect(code).toBe(2)
    expect(stderr).toContain('CONFIRMATION_NEEDED Nobody can be asked here: Start over?')
  })

  test('reset --dry-run changes nothing', async () => {
    const file = numbers(2)
    await cdc(['run', file])
    const { code, stderr } = await cdc(['reset', file, '--dry-run'])
    expect(code).toBe(0)
    expect(stderr).toContain('Nothing was changed.')
    expect((await cdc(['run', file])).stdout).toBe('')
  })
})
