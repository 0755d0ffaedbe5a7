import { dirname } from 'node:path'
import { startPostgres } from '../src/index.ts'

const server = await startPostgres()
console.log(JSON.stringify({ pid: server.pid, folder: dirname(server.dataDir) }))
setInterval(() => {}, 1000)
