# Hides secrets in a stream. Input: the secrets, one a line; a line with the mark; then the stream in pieces, each
# with the mark and a newline at its end. Needs show(text) and end_line() from the file it is run with.
# A line of the stream may have any length: what of it cannot begin a secret any more is shown at 64 KiB.

function learn(secret, begin) {
  if (secret == "") return
  secrets[++count] = secret
  begin = substr(secret, 1, 8)
  starting[begin] = starting[begin] " " count
  if (length(secret) > longest) longest = length(secret)
}

function holds(text, i) {
  if (count > 500) return 1
  for (i = 1; i <= count; i++) if (index(text, secrets[i])) return 1
  return 0
}

# Characters of the longest secret at this place. Very many secrets are looked up by how they begin, so that the
# time does not grow with their number.
function length_at(text, place, begin, which, i, n, most, secret) {
  begin = substr(text, place, 8)
  if (!(begin in starting)) return 0
  n = split(starting[begin], which, " ")
  most = 0
  for (i = 1; i <= n; i++) {
    secret = secrets[which[i]]
    if (length(secret) > most && substr(text, place, length(secret)) == secret) most = length(secret)
  }
  return most
}

# Shows what is decided of the text; `kept` is the rest, of which the first `covered` characters are hidden already.
function take(text, is_whole, limit, place, found, clean) {
  limit = is_whole || longest == 0 ? length(text) : length(text) - longest + 1
  if (limit < 0) limit = 0
  clean = ""
  if (holds(text))
    for (place = 1; place <= limit; place++) {
      found = length_at(text, place)
      if (found == 0) continue
      if (place > covered) clean = clean substr(text, covered + 1, place - covered - 1) "***"
      if (place + found - 1 > covered) covered = place + found - 1
      if (length(clean) > 2000) {
        show(clean)
        clean = ""
      }
    }
  if (covered < limit) {
    clean = clean substr(text, covered + 1, limit - covered)
    covered = limit
  }
  show(clean)
  kept = substr(text, limit + 1)
  covered -= limit
}

function take_line(text) {
  take(text, 1)
  pending = ""
  begun = 0
  covered = 0
  end_line()
}

# Writes what is shown, piece by piece of the stream: a write for each line would wake its readers for each.
function put(text) {
  fresh = fresh text
  if (length(fresh) < 2048) return
  shown = shown fresh
  fresh = ""
  if (length(shown) > 32768) write()
}

function write() {
  print shown fresh
  shown = fresh = ""
  fflush()
}

BEGIN {
  ORS = ""
  is_learning = 1
}

is_learning {
  if ($0 == mark) is_learning = 0
  else learn($0)
  next
}

substr($0, length($0) - length(mark) + 1) == mark {
  pending = pending substr($0, 1, length($0) - length(mark))
  if (length(pending) > 65536) {
    take(pending, 0)
    pending = kept
    begun = 1
  }
  write()
  next
}

{ take_line(pending $0) }

# The last line gets a newline if it has none: what is written next starts on a line of its own.
END {
  if (pending != "" || begun) take_line(pending)
  write()
}
