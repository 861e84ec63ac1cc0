complete --keep-order --exclusive --command amiusage --arguments "(AMIUSAGE_COMPLETE=fish amiusage -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
