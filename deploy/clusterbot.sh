#!/bin/sh
# For root: runs clusterbot as the service does, with its settings and as its user.
set -eu
set -a
. /etc/clusterbot.env
set +a
cd /srv/clusterbot
exec runuser -u clusterbot -- /opt/clusterbot/.venv/bin/clusterbot "$@"
