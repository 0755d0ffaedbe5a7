const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `1,234,567` */
export function count(value: number | bigint): string {
  return whole.format(value)
}

/** `12.3 MB`; powers of 1024, as PostgreSQL's pg_size_pretty has them. */
export function bytes(value: number | bigint): string {
  let rest = Number(value)
  for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
    if (Math.abs(rest) < 1024) return `${unit === 'bytes' || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${unit}`
    rest /= 1024
  }
  return `${rest.toFixed(1)} TB`
}

/** `0.2 s`, `42 s`, `3 min 20 s`, `5 h 12 min` */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 99.5) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  if (minutes < 60 * 48) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`
}
