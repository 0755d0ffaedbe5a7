export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export function addressOf({ host, port }: BrokerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
