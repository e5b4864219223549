import { hash, verify } from '@node-rs/argon2'
import { foldText } from '#shared/text.ts'
import { Problem } from '../platform/problem.ts'

/** OWASP's argon2id figures for interactive sign-in: 19 MiB, two passes. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
export const MIN_PASSWORD_LENGTH = 10

export const hashPassword = (password: string): Promise<string> => hash(password.normalize('NFC'), COST)

let decoy: Promise<string> | undefined
/** Whether the password fits. Without a hash (unknown user, no password set) it takes as long and says no. */
export async function passwordFits(stored: string | null | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('nobody signs in with this')
  const fits = await verify(stored ?? (await decoy), password.normalize('NFC'))
  return fits && typeof stored === 'string'
}

/** @throws Problem `weak_password` when it is short, among the commonest, or says no more than the e-mail does */
export function checkPassword(password: string, email: string): void {
  if (isWeak(password, email)) throw new Problem('weak_password')
}

export function isWeak(password: string, email: string): boolean {
  const folded = foldText(password).toLowerCase().replaceAll(' ', '')
  const [local = '', domain = ''] = email.toLowerCase().split('@')
  return (
    [...password].length < MIN_PASSWORD_LENGTH ||
    new Set(folded).size < 4 ||
    COMMON.has(folded) ||
    [email.toLowerCase(), `${local}${domain}`, foldText(local), foldText(email).replaceAll(' ', '')].includes(folded) ||
    isRun(folded)
  )
}

/** 1234567890, abcdefghij, also backwards. */
function isRun(text: string): boolean {
  const steps = new Set([...text].slice(1).map((char, n) => char.charCodeAt(0) - text.charCodeAt(n)))
  return steps.size === 1 && [1, -1].includes([...steps][0] ?? 0)
}

/** The commonest of at least ten characters in published lists of stolen passwords, and those of a Persian keyboard. */
const COMMON = new Set(
  `qwertyuiop qwerty1234 qwerty12345 qwerty123456 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5 q1w2e3r4t5y6 1qaz2wsx3edc zaq12wsxcde3
  asdfghjkl1 asdfghjkl; zxcvbnm123 qazwsxedcrfv password12 password123 password1234 password12345 passw0rd123 p@ssw0rd123
  p@ssword123 p@ssw0rd12 passwordpassword mypassword mypassword1 newpassword changeme123 changemenow administrator admin12345
  admin123456 admin1234567 adminadmin administrator1 root123456 letmein123 letmein1234 welcome123 welcome1234 welcome2024
  welcome2025 welcome2026 iloveyou12 iloveyou123 iloveyou1234 sunshine12 sunshine123 football12 football123 baseball12
  baseball123 basketball superman12 superman123 princess12 princess123 michael123 jennifer12 charlie123 liverpool1 chocolate1
  computer12 computer123 internet12 internet123 samsung123 whatever12 starwars12 trustno1trustno1 dragon12345 monkey12345
  master12345 shadow12345 1234567890 0123456789 9876543210 0987654321 12345678910 123456789a 123456789q 123456789abc
  abc1234567 abcd123456 abcdef1234 a123456789 aa12345678 aa123456789 qq123456789 1111111111 0000000000 1212121212 1122334455
  1231231231 123123123123 1234512345 1234554321 147258369 1472583690 7894561230 1020304050 123654789 112233445566 9123456789
  09123456789 0912345678 09120000000 daftar1234 daftar12345 daftar123456 daftardaftar iran123456 tehran1234 tehran12345
  salam12345 salam123456 salamsalam azizam1234 mohammad12 mohammad123 mohammad1234 alireza123 alireza1234 fatemeh123
  amirhossein yaalimadad yahossein1 yamahdi313 khodaya123 persepolis persepolis1 esteghlal1 esteghlal12 secret1234 secret12345
  test123456 test1234567 testtest123 testtesttest user123456 demo123456 guest12345 default123 qwe123qwe123 asd123asd123
  asdasdasd1 qweasdzxc1 qweasdzxc123 zxcasdqwe123 qweqweqwe1 thisisapassword correcthorsebatterystaple`.split(/\s+/),
)
