#!/bin/sh
# deploy.sh HOST: what is started stays when the connection ends, and ssh does not wait for it.
# Run a second time, the old server is asked to end, and the new one has its port next: nobody gets it in between.
exec ssh "$1" 'nohup /usr/bin/portguard --kill --kill-listeners --only exe=/srv/web --grace 30s -p 8080 -- /srv/web 8080 >web.log 2>&1 </dev/null &'
