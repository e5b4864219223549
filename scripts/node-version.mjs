// Imported first by every script, before anything that an old Node could not even read.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Daftar needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one from https://nodejs.org and start again.\n` +
      `دفتر به Node نسخهٔ ۲۰٫۱۹ یا تازه‌تر نیاز دارد؛ این نسخه ${process.versions.node} است. نسخهٔ تازه‌تر را از https://nodejs.org نصب کنید و دوباره اجرا کنید.`,
  )
  process.exit(1)
}
