set edit:completion:arg-completer[amiusage] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) AMIUSAGE_COMPLETE="elvish" amiusage -- $@words) | to-lines
}
