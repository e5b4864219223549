import { isIPv6 } from 'node:net'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

interface Limit {
  /** Attempts that cost nothing. */
  free: number
  /** Longest wait between two attempts, seconds. */
  longest: number
}
/** Many people may share an address; one account has one owner, who must not be locked out for long by somebody else. */
const LIMITS: Record<'address' | 'email' | 'password' | 'link', Limit> = {
  address: { free: 20, longest: 900 },
  // Public links without signing in, by address: behind one there may be an office.
  link: { free: 60, longest: 60 },
  email: { free: 5, longest: 300 },
  password: { free: 5, longest: 300 },
}

/** After an hour without attempts the count begins anew. */
const FORGET = `interval '1 hour'`
/** 2, 4, 8 … seconds after the free attempts. */
const WAIT = `make_interval(secs => case when t.failures < $2::int then 0 else least($3::float8, 2 ^ least(t.failures - $2::int + 1, 20)) end)`

/**
 * Counts an attempt before it is made: attempts at the same moment are counted one after the other, so none slips by.
 * @throws Problem `too_many_attempts` with `seconds` and Retry-After
 */
export async function countAttempt(db: Db, kind: keyof typeof LIMITS, subject: string): Promise<void> {
  const { free, longest } = LIMITS[kind]
  const key = throttleKey(kind, subject)
  const counted = await db.one(
    `insert into sign_in_throttle as t (key, failures, updated_at) values (lower($1), 1, now())
     on conflict (key) do update set updated_at = now(),
       failures = case when t.updated_at < now() - ${FORGET} then 1 else least(t.failures + 1, 1000) end
     where t.failures < $2::int or now() >= t.updated_at + ${WAIT}
     returning failures`,
    [key, free, longest],
  )
  if (counted) return
  const left = await db.one<{ seconds: number }>(
    `select greatest(1, ceil(extract(epoch from t.updated_at + ${WAIT} - now())))::int as seconds
     from sign_in_throttle t where key = lower($1)`,
    [key, free, longest],
  )
  const seconds = left?.seconds ?? 1
  throw new Problem('too_many_attempts', { seconds }, [], { 'retry-after': String(seconds) })
}

/** The attempt was right: an account's count is forgotten, an address gets this one back. */
export async function forgetAttempts(db: Db, kind: keyof typeof LIMITS, subject: string): Promise<void> {
  const key = throttleKey(kind, subject)
  if (kind === 'address')
    await db.query('update sign_in_throttle set failures = greatest(failures - 1, 0) where key = lower($1)', [key])
  else await db.query('delete from sign_in_throttle where key = lower($1)', [key])
}

/**
 * Statements put it in lower case by the database's own rule, the one accounts are found by: with another (JavaScript
 * keeps a dot over the i of \u0130) spellings of one account would be counted apart. Who has an IPv6 address has 2^64 of them.
 */
function throttleKey(kind: keyof typeof LIMITS, subject: string): string {
  if ((kind !== 'address' && kind !== 'link') || !isIPv6(subject) || subject.startsWith('::ffff:'))
    return `${kind}:${subject}`
  const [head = '', tail = ''] = subject.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const whole = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${kind}:${whole.slice(0, 4).join(':')}/64`
}
