# Shows what hide-secrets.awk has decided, and nothing else.
function show(text) { put(text) }
function end_line() { put("\n") }
