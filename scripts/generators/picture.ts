/** The colours of a terminal by the codes of src/cli/output.ts. */
const CLASSES: Readonly<Record<string, string>> = {
  "1": "bold",
  "2": "dim",
  "31": "red",
  "32": "green",
  "33": "yellow",
  "36": "cyan",
};

const STYLE = `text { font: 13px ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre; }
.bold { font-weight: 700; } .dim { fill: #8b949e; } .red { fill: #ff7b72; } .green { fill: #3fb950; } .yellow { fill: #d29922; } .cyan { fill: #39c5cf; }`;

const COLUMN = 7.85;
const ROW = 18;
const EDGE = 16;
const WIDEST = 110;

/** An SVG of what a terminal shows of a text with colours; lines of more than 110 columns go on in the next one. */
export function renderPicture(text: string): string {
  const lines = text.split("\n").flatMap(folded);
  const width = Math.ceil(WIDEST * COLUMN + 2 * EDGE);
  const height = lines.length * ROW + 2 * EDGE;
  const rows = lines.map(
    (line, index) => `<text x="${EDGE}" y="${EDGE + (index + 0.75) * ROW}">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${STYLE}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join("\n")}
</svg>
`;
}

/** Only lines without colours are that long. */
function folded(line: string): string[] {
  if (line.includes("\u001B") || line.length <= WIDEST) return [line];
  const cut = line.lastIndexOf(" ", WIDEST);
  return [line.slice(0, cut), ...folded(`         ${line.slice(cut + 1)}`)];
}

function spans(line: string): string {
  // oxlint-disable-next-line no-control-regex
  const [first = "", ...rest] = line.split(/\u001B\[(\d+)m/);
  let html = escaped(first);
  for (let index = 0; index < rest.length; index += 2) {
    const name = CLASSES[rest[index] ?? ""];
    const text = escaped(rest[index + 1] ?? "");
    html += name === undefined ? text : `<tspan class="${name}">${text}</tspan>`;
  }
  return html;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
