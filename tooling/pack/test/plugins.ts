import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { CdcError } from '@cdc/core'
import { type Kind, kinds } from '@cdc/create-connector'
import { beforeAll, describe, expect, it } from 'vitest'
import { run } from '../src/pack.ts'

/** Connectors of strangers: made, tested and built beside the packed packages, then loaded by the packed `cdc`. */
export function pluginsRun(root: string, project: () => string): void {
  const folder = (kind: Kind) => join(project(), `cdc-acme-${kind}`)
  const node = (parameters: readonly string[], where: string) => run(process.execPath, parameters, where)
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const cdc = (command: string, file: string) =>
    node([realpathSync(join(project(), 'node_modules', '.bin', 'cdc')), command, file], project())

  describe('connectors of others', () => {
    beforeAll(async () => {
      const main = join(root, 'tooling', 'create-connector', 'src', 'main.ts')
      for (const kind of kinds) {
        await node([main, `acme-${kind}`, '--kind', kind, '--standalone', '--dir', project()], project())
        // the types of Node are what npm would install for it beside what is packed here
        mkdirSync(join(folder(kind), 'node_modules'))
        symlinkSync(join(root, 'node_modules', '@types'), join(folder(kind), 'node_modules', '@types'))
      }
    })

    it.each(kinds)('a stand-alone %s type-checks, passes its suite with Node alone, and builds', async (kind) => {
      await node([tsc, '-p', 'tsconfig.json'], folder(kind))
      const { stdout } = await node(['--test', '--test-reporter=tap', 'test/conformance.test.ts'], folder(kind))
      expect(Number(/^# pass (\d+)/m.exec(stdout)![1])).toBeGreaterThan(10)
      await node([tsc, '-p', 'tsconfig.build.json'], folder(kind))
    })

    it('cdc loads them by path and by the name of a package, and runs them', async () => {
      const { stdout } = await run('npm', ['pack', '--json'], folder('sink'))
      const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
      const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
      await run('npm', ['install', ...quiet, join(folder('sink'), filename)], project())
      writeFileSync(join(project(), 'events.txt'), 'first\nsecond\n')
      const file = pipeline('run.yaml', {
        plugins: ['./cdc-acme-source', 'cdc-acme-sink'],
        source: { connector: 'acme-source', path: join(project(), 'events.txt'), follow: false },
        sink: { connector: 'acme-sink', path: join(project(), 'changes.txt') },
      })
      await cdc('run', file)
      const lines = readFileSync(join(project(), 'changes.txt'), 'utf8').trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        { table: 'public.events', kind: '+I', row: { number: { int64: '1' }, text: 'first' } },
        { table: 'public.events', kind: '+I', row: { number: { int64: '2' }, text: 'second' } },
      ])
    })

    it('the connector of the docs posts in the format of another plug-in', async () => {
      copyFileSync(join(root, 'examples', 'webhook', 'webhook.ts'), join(project(), 'webhook.ts'))
      const bodies: string[] = []
      const service = createServer(async (request, response) => {
        bodies.push(await text(request))
        response.end()
      }).listen(0, '127.0.0.1')
      await once(service, 'listening')
      const file = pipeline('hook.yaml', {
        plugins: ['./cdc-acme-source/dist/index.js', './cdc-acme-format', './webhook.ts'],
        source: { connector: 'acme-source', path: join(project(), 'events.txt'), follow: false },
        sink: {
          connector: 'webhook',
          url: `http://127.0.0.1:${(service.address() as AddressInfo).port}/`,
          format: 'acme-format',
        },
      })
      await cdc('run', file)
      service.close()
      const records = bodies.join('').trimEnd().split('\n')
      expect(records.map((line) => JSON.parse(JSON.parse(line).value).after.text)).toEqual(['first', 'second'])
    })

    it.each([
      ['nowhere.js', undefined, 'PLUGIN_NOT_FOUND', 'is not there: no file'],
      ['cdc-nowhere', undefined, 'PLUGIN_NOT_FOUND', 'Run `npm install cdc-nowhere`'],
      ['future.js', 'future', 'PLUGIN_CONTRACT', 'was made for contract 99, and this version of cdc has contract 1.'],
      ['empty.js', 'export const nothing = 1', 'PLUGIN_EMPTY', 'exports no connector'],
    ])('cdc refuses %s (%o) as %s', async (name, text, code, says) => {
      const future =
        "import { acmeSink } from 'cdc-acme-sink'\nexport const future = Object.assign((o) => acmeSink(o), acmeSink, { contract: 99 })"
      if (text !== undefined) writeFileSync(join(project(), name), text === 'future' ? future : text)
      const file = pipeline('refused.yaml', {
        plugins: [name.endsWith('.js') ? `./${name}` : name],
        source: { connector: 'acme-source', path: 'events.txt' },
        sink: { connector: 'print' },
      })
      const failure = await cdc('validate', file).then(() => 'it was loaded', CdcError.from)
      expect(String(failure)).toContain(code)
      expect(String(failure)).toContain(says)
    })

    function pipeline(name: string, config: object): string {
      const file = join(project(), name)
      // JSON is YAML too
      writeFileSync(file, JSON.stringify({ name: name.replace('.yaml', ''), ...config }))
      return file
    }
  })
}
