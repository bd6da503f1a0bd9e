/** What runs a script, or leads to one, if a text becomes HTML, an attribute, an address or a style. */
const PAYLOADS: readonly string[] = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<svg><script>alert(1)</script></svg>",
  "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
  "<iframe src=javascript:alert(1)></iframe>",
  "<a href=javascript:alert(1) autofocus onfocus=alert(1)>x</a>",
  "<details open ontoggle=alert(1)>x</details>",
  "<video><source onerror=alert(1)></video>",
  "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
  "<form action=javascript:alert(1)><input type=submit autofocus></form>",
  "<object data=javascript:alert(1)></object>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
  "<base href=//evil.example.com/>",
  "<link rel=stylesheet href=//evil.example.com/x.css>",
  "<style>*{background:url(//evil.example.com/x)}</style>",
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "{{constructor.constructor('alert(1)')()}}",
  "${alert(1)}",
  "[x](javascript:alert(1))",
  "![x](//evil.example.com/x.png)",
  "\u001b]8;;javascript:alert(1)\u0007x\u001b]8;;\u0007",
  "\u202etxt.exe\u2066",
  "__proto__",
];

/** Ways out of where a text may have been put. */
const PLACES: readonly [before: string, after: string][] = [
  ["", ""],
  ['"> ', ""],
  ["'> ", ""],
  ["` ", " `"],
  ["--> ", " <!--"],
  ["]]> ", ""],
  ["</textarea>", ""],
  ["</title>", ""],
  ["</script>", ""],
  ["</style>", ""],
  ["</bdi></pre>", ""],
  ["&lt;", "&gt;"],
  ["\\u003c", ""],
  ["*/ ", " /*"],
  ["'; ", " //"],
  ['" onmouseover=alert(1) x="', ""],
  ["@@ -1 +1 @@ ", ""],
  ["diff --git a/", " b/x"],
  ["+++ ", ""],
  ["\u0085", "\u2028"],
];

/** 500 texts that no page may obey. */
export const HOSTILE_TEXTS: readonly string[] = PLACES.flatMap(([before, after]) =>
  PAYLOADS.map((payload) => `${before}${payload}${after}`),
);
