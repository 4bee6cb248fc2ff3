#!/usr/bin/env bash
# fastify's default host, "localhost", starts with one of two addresses in silence: which one may be missing hangs on /etc/hosts.
#
# Guess: listen() without a host binds 127.0.0.1 and ::1, and fails as a whole when one of them is taken; or only the first, 127.0.0.1,
# has to work, and the missing second one is a warning.
# Behaviour: only the first address that the name resolves to has to work, and since Node.js 17 that is mostly ::1. When another
# program has the port on 127.0.0.1, listen() succeeds; the log says "Server listening" of [::1] and nothing of the other, at no level.
# The other way round it fails.
# Version: fastify 5.12.8 (with the node that is there, 20 or newer; as root, in namespaces of its own with an /etc/hosts of two lines).
# Seen:
#   nothing taken: listening; [::1] 127.0.0.1; warnings 0
#   127.0.0.1 taken: listening; [::1]; warnings 0
#   ::1 taken: EADDRINUSE
set -euo pipefail
lacks() { echo "cannot be seen here: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || lacks 'needs root'
command -v node >/dev/null && command -v npm >/dev/null || lacks 'needs node and npm'
unshare --net --mount true 2>/dev/null || lacks 'needs namespaces'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm install --silent --no-fund --no-audit fastify@5.12.8 >npm.log 2>&1 || lacks 'needs fastify 5.12.8'
echo "fastify $(node -p 'require("fastify/package.json").version'), node $(node --version)"

printf '::1 localhost\n127.0.0.1 localhost\n' >hosts
cat >look.js <<'JS'
const net = require('net')
let warnings = 0
const stream = { write: line => { if (JSON.parse(line).level >= 40) warnings++ } }
async function look(name, taken) {
  const holder = taken && net.createServer().listen(7000, taken)
  if (holder) await new Promise(done => holder.on('listening', done))
  const app = require('fastify')({ logger: { level: 'trace', stream } })
  warnings = 0
  try {
    await app.listen({ port: 7000 })
    const order = app.addresses().map(a => a.family === 'IPv6' ? `[${a.address}]` : a.address).sort().reverse()
    console.log(`${name}: listening; ${order.join(' ')}; warnings ${warnings}`)
  } catch (e) {
    console.log(`${name}: ${e.code}`)
  }
  await app.close()
  if (holder) await new Promise(done => holder.close(done))
}
look('nothing taken').then(() => look('127.0.0.1 taken', '127.0.0.1')).then(() => look('::1 taken', '::1'))
JS
seen=$(unshare --net --mount bash -c 'mount --bind hosts /etc/hosts && ip link set lo up && node look.js')
echo "$seen"
[ "$seen" = 'nothing taken: listening; [::1] 127.0.0.1; warnings 0
127.0.0.1 taken: listening; [::1]; warnings 0
::1 taken: EADDRINUSE' ]
