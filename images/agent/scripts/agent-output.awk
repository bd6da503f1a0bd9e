# What an agent says on its standard output, while hide-secrets.awk shows it: events go to `events` as they happen,
# and at the end what the entrypoint reports of it goes to `facts`, each line with a letter for its kind.
# H: one of the first lines. S: a line to repeat, if the output was long. R: one of the last that decide, with short
# texts. F: there was a final result. T: the last text of an agent that has no events.
# Nothing of it is ever read from a file that the agent can write.

function show(text) {
  put(text)
  said += length(text)
  if (summary == "") {
    add_tail(text)
  } else if (state == "line") {
    line = line text
    if (length(line) > 131072) begin_long()
  } else if (state == "shortening") {
    shorten(text, 32768)
  }
}

# In two steps, so that short lines are not added to a long text each by itself.
function add_tail(text) {
  recent = recent text
  if (length(recent) > 4096) join_tail()
}

function join_tail() {
  tail = tail recent
  recent = ""
  if (length(tail) > 131072) tail = substr(tail, length(tail) - 32767)
}

# Of a very long line only a summary's is kept, with its texts cut.
function begin_long(text) {
  text = line
  line = ""
  state = text ~ summary ? "shortening" : "passing"
  if (state == "passing") return
  begin_shortening()
  shorten(text, 32768)
}

function end_line() {
  put("\n")
  if (summary == "") {
    add_tail("\n")
    return
  }
  if (state == "shortening") line = short
  judge(line)
  line = ""
  state = "line"
}

function judge(line, is_final) {
  if (heads < 20) head[++heads] = substr(line, 1, 4096)
  if (hopeless != "" && line ~ hopeless) tell("hopeless")
  is_final = final != "" && line ~ final
  if (is_final) has_result = 1
  if (is_final) tell("result")
  else if (is_resting) tell("more")
  is_resting = is_final
  if (line ~ summary) remember(cut(line, 32768))
}

function tell(event) {
  print event "\n" > events
  fflush(events)
}

function remember(line) {
  repeated[++newest] = line
  kept_size += length(line)
  while (kept_size > 131072) {
    kept_size -= length(repeated[++oldest])
    delete repeated[oldest]
  }
}

# A line of JSON with no text longer than `most`.
function cut(line, most) {
  begin_shortening()
  shorten(line, most)
  return short
}

function begin_shortening() {
  short = ""
  inside = is_escaped = is_cut = text_size = 0
}

# Adds to `short` what is to stay of a part of a line. The part ends anywhere.
function shorten(part, most, n, pieces, i, out) {
  n = split(part, pieces, "\"")
  out = ""
  for (i = 1; i <= n; i++) {
    if (i > 1) out = out quote()
    out = out segment(pieces[i], most)
    if (length(out) > 2000) {
      short = short out
      out = ""
    }
  }
  short = short out
  # No line that is mostly names and numbers is repeated whole.
  if (length(short) > 131072) short = ""
}

function quote() {
  if (inside && is_escaped) {
    is_escaped = 0
    text_size++
    return is_cut ? "" : "\""
  }
  inside = !inside
  is_escaped = is_cut = text_size = 0
  return "\""
}

function segment(text, most, end, room) {
  if (!inside) return text
  end = length(text)
  while (end > 0 && substr(text, end, 1) == "\\") end--
  if (end > 0) is_escaped = 0
  is_escaped = (is_escaped + length(text) - end) % 2
  if (is_cut) return ""
  room = most - text_size
  text_size += length(text)
  if (length(text) <= room) return text
  is_cut = 1
  return whole(substr(text, 1, room)) "..."
}

# Without half an escape at its end.
function whole(text, end) {
  sub(/\\u[0-9A-Fa-f]?[0-9A-Fa-f]?[0-9A-Fa-f]?$/, "", text)
  end = length(text)
  while (end > 0 && substr(text, end, 1) == "\\") end--
  return (length(text) - end) % 2 ? substr(text, 1, length(text) - 1) : text
}

BEGIN {
  summary = ENVIRON["AGENT_SUMMARY"]
  final = ENVIRON["AGENT_FINAL"]
  hopeless = ENVIRON["AGENT_HOPELESS"]
  state = "line"
}

END {
  for (i = 1; i <= heads; i++) print "H" head[i] "\n" > facts
  for (i = oldest + 1; said > 65536 && i <= newest; i++) print "S" repeated[i] "\n" > facts
  size = 0
  for (first = newest; first > oldest; first--) {
    decisive[first] = cut(repeated[first], 200)
    size += length(decisive[first])
    if (size > 2000) break
  }
  # One that is too long by itself is cut harder.
  if (first == newest && newest > 0 && size > 2000) {
    decisive[first] = cut(repeated[first], 20)
    if (length(decisive[first]) <= 2000) first--
  }
  while (++first <= newest) print "R" decisive[first] "\n" > facts
  if (has_result) print "Fyes\n" > facts
  join_tail()
  if (tail != "") {
    gsub(/\n/, "\nT", tail)
    print "T" tail "\n" > facts
  }
  close(facts)
}
