// The WebP ladder of one image by sharp: decoded once, each width from the one before.
// Arguments: the folder where sharp is installed, the image, where to write 1000w.webp, rounds.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'

const [folder, image, output, rounds] = process.argv.slice(2)
const sharp = createRequire(`${folder}/`)('sharp')
sharp.concurrency(1)
sharp.cache(false)

const WIDTHS = [1500, 1000, 750, 500, 300, 100]

async function ladder () {
  let source = sharp(image).rotate()
  for (const width of WIDTHS) {
    const { data, info } = await source.resize(width, null, { withoutEnlargement: true })
      .toColorspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: info.channels }
    const webp = await sharp(data, { raw }).webp({ quality: 80, effort: 2 }).toBuffer()
    if (width === 1000) writeFileSync(output, webp)
    source = sharp(data, { raw })
  }
}

// Not resourceUsage: its peak counts the process that started this one.
const peakKb = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])

const baselineKb = peakKb()
await ladder()
const seconds = []
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage()
  await ladder()
  const { user, system } = process.cpuUsage(before)
  seconds.push((user + system) / 1e6)
}
console.log(JSON.stringify({
  cpu_seconds: Math.min(...seconds),
  peak_kb: peakKb(),
  baseline_kb: baselineKb
}))
