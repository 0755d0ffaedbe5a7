/** Loaded into the measured process: says how much memory is in use when it is asked to by a signal. */
process.on('SIGUSR2', () => {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`HEAP ${heapUsed + external}\n`)
})
