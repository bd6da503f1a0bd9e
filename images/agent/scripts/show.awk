# Shows what hide-secrets.awk has decided, and nothing else.
function show(text) { print text }
function end_line() { print "\n" }
