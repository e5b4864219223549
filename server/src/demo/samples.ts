import sharp from 'sharp'
import { invoicePdf, receipt, voiceWav } from '#simulators/bale/samples.ts'

export interface Sample {
  name: string
  mimeType: string
  data: Buffer
}

const printer = `<svg xmlns="http://www.w3.org/2000/svg" width="960" height="720">
<rect width="960" height="720" fill="#d9d4c8"/><rect y="520" width="960" height="200" fill="#a98f6f"/>
<g transform="translate(200 140)"><rect x="90" y="0" width="380" height="120" rx="10" fill="#f7f7f5"/>
<rect x="120" y="-50" width="320" height="90" fill="#fff" stroke="#bbb"/><rect width="560" height="250" y="110" rx="22" fill="#3d4650"/>
<rect x="40" y="150" width="150" height="70" rx="8" fill="#16242b"/><text x="60" y="196" font-family="monospace" font-size="32" fill="#7fe0a3">E-052</text>
<circle cx="470" cy="180" r="15" fill="#e2574c"/><circle cx="515" cy="180" r="15" fill="#6b7681"/>
<rect x="60" y="280" width="440" height="26" rx="6" fill="#20272e"/><path d="M90 300h380l30 90H60z" fill="#fdfdfb" stroke="#c9c9c4"/>
<path d="M120 330h300M115 350h310M110 370h260" stroke="#9aa3ab" stroke-width="5"/></g></svg>`

const box = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><rect width="900" height="900" fill="#cfd6da"/>
<path d="M0 640 900 560V900H0z" fill="#8d9aa1"/><g transform="translate(170 190)"><path d="M0 120 280 30 560 120 280 220z" fill="#d7ab72"/>
<path d="M0 120v320l280 110V220z" fill="#c28f52"/><path d="M560 120v320L280 550V220z" fill="#a87740"/>
<path d="m60 300 70-30 30 60-40 20 50 50-80 10z" fill="#5c3d1c"/><path d="m120 80 290 105v70l-40-20V200L80 95z" fill="#e9d7b8"/>
<path d="M430 330v90m-18-70 18-24 18 24m-36 76h40" stroke="#4f361b" stroke-width="9" fill="none"/></g></svg>`

async function jpeg(svg: string, name: string): Promise<Sample> {
  return { name, mimeType: 'image/jpeg', data: await sharp(Buffer.from(svg)).jpeg({ quality: 82 }).toBuffer() }
}

/** A one-page PDF of Latin lines. */
function pdf(lines: readonly string[]): Buffer {
  const drawn = lines.map((line, n) => `${n === 0 ? '/F 20 Tf' : '/F 12 Tf'} (${line}) Tj 0 -${n === 0 ? 34 : 20} Td`)
  const stream = `BT 64 770 Td ${drawn.join(' ')} ET`
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>',
    `<</Length ${stream.length}>>\nstream\n${stream}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ]
  let text = '%PDF-1.4\n'
  const offsets = objects.map((object, n) => {
    const at = text.length
    text += `${n + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const rows = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const trailer = `trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${text.length}\n%%EOF\n`
  return Buffer.from(`${text}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}${trailer}`, 'latin1')
}

const paper = (name: string, data: Buffer): Sample => ({ name, mimeType: 'application/pdf', data })

export type SampleName = 'receipt' | 'printer' | 'box' | 'invoice' | 'guide' | 'statement'

/** What people in the demo send each other. */
export async function makeSamples(): Promise<Record<SampleName, Sample>> {
  return {
    receipt: { name: 'receipt.png', mimeType: 'image/png', data: receipt() },
    printer: await jpeg(printer, 'IMG_2041.jpg'),
    box: await jpeg(box, 'IMG_2077.jpg'),
    invoice: paper('پیش‌فاکتور.pdf', invoicePdf()),
    guide: paper(
      'avand-guide.pdf',
      pdf(['Avand Office Equipment', 'Quick guide and catalogue', '1. Open the rear cover.', '2. Wipe both rollers.']),
    ),
    statement: paper(
      'statement.pdf',
      pdf(['Account statement', 'Six months, in thousand rials', 'Balance: 8 412 000']),
    ),
  }
}

export const voice = (seconds: number): Sample => ({
  name: 'voice.wav',
  mimeType: 'audio/wav',
  data: voiceWav(seconds),
})
