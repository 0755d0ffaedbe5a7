#!/usr/bin/env node
import { restartWithHeapFlags } from './heap.ts'

// the one command that runs for long; before anything is loaded
if (process.argv[2] === 'run') restartWithHeapFlags()

const { main } = await import('./cli.ts')

// a reader that is gone (`cdc tail | head`) is no fault
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

const code = await main(process.argv.slice(2))
// what a connector left open must not keep the process; what was printed must be out first
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
