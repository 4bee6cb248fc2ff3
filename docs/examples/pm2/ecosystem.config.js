// pm2 start ecosystem.config.js
module.exports = {
  apps: [{
    name: 'web',
    cwd: '/srv/app',
    script: '/usr/bin/portguard',
    args: '--share --wait forever -p 8080 -- node server.js',
    interpreter: 'none',
  }],
}
