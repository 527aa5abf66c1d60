"""`python -m clusterbot`."""

from clusterbot.cli import main

main()
