import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cutEvent } from "./cut-event.ts";
import { compileEventExpression } from "./expression.ts";
import { compileTemplate } from "./template.ts";

const now = (): number => performance.now();
const variables = {
  event: {
    n: 7,
    half: 0.5,
    title: "a'\"}${event.n}",
    labels: [{ name: "x" }, { name: "y" }],
    no: null,
    yes: true,
  },
  headers: { "x-github-event": "issues" },
};
const valueOf = (source: string): unknown => {
  const result = compileEventExpression(source, now)(variables);
  return "error" in result ? `error: ${result.error}` : result.value;
};

describe("an expression", () => {
  const good: [string, unknown][] = [
    ["event.n == 7", true],
    ["headers['x-github-event']", "issues"],
    ["event.labels.exists(l, l.name == 'y')", true],
    ["event.labels.map(l, l.name).join(',')", "x,y"],
    ["has(event.missing) || event.no == null", true],
    ["event.title.replace('a', 'b').startsWith('b')", true],
    ["event.missing.deeper", "error: field not found: missing"],
    ["event.__proto__", "error: field not found: __proto__"],
  ];
  for (const [source, value] of good)
    it(`comes to a value: ${source}`, () => assert.equal(valueOf(source), value));

  const wrong: [string, RegExp][] = [
    ["evnt.n", /there is no evnt/],
    ["event.n ==", /./],
    ["exec('x')", /there is no function exec/],
    ["'a'.format([1])", /there is no function format/],
    ["event.labels.all(l, m.name == '')", /there is no m/],
    ["google.protobuf.Any{}", /./],
  ];
  for (const [source, message] of wrong)
    it(`is refused: ${source}`, () => assert.throws(() => compileEventExpression(source, now), message));

  it("ends, whatever it asks for", () => {
    const list = `[${Array.from({ length: 30 }, () => "1").join(",")}]`;
    const loops = `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d > 0))))`;
    assert.match(String(valueOf(loops)), /takes more than (20000 steps|100 ms)/);
    const still = compileEventExpression(loops, () => 0)(variables);
    assert.match("error" in still ? still.error : "", /takes more than 20000 steps/);
    assert.match(String(valueOf(`${loops} || true`)), /true/);
    const dear = {
      event: { text: "a".repeat(60_000), list: Array.from({ length: 2_000 }, (_, index) => index) },
      headers: {},
    };
    for (const source of [
      "event.list.all(x, event.text.matches('(a*)*b|' + string(x)))",
      "event.text.replace('', event.text) == ''",
      "event.list.map(x, event.text).join('') == ''",
      "event.list.all(x, (event.text + event.text).contains('b' + string(x)) == false)",
    ]) {
      const startedAt = now();
      compileEventExpression(source, now)(dear);
      assert.ok(now() - startedAt < 3_000, source);
    }
  });
});

describe("a template", () => {
  const textOf = (source: string): unknown => {
    const rendered = compileTemplate(source, now)(variables);
    return "error" in rendered ? `error: ${rendered.error}` : rendered.text;
  };
  const cases: [string, string][] = [
    ["no expression, $HOME and {}", "no expression, $HOME and {}"],
    ["issue-${event.n} ${event.half} ${event.yes}", "issue-7 0.5 true"],
    ["$${event.n}", "${event.n}"],
    ["${event.title}", variables.event.title],
    ["${'}' + {'a': '}'}['a']}", "}}"],
    ["${event.labels}", "error: ${event.labels} is no text or number"],
    ["${event.no}", "error: ${event.no} is no text or number"],
    ["${event.missing}", "error: ${event.missing}: field not found: missing"],
  ];
  for (const [source, text] of cases) it(`renders ${source}`, () => assert.equal(textOf(source), text));

  it("is refused without the end of its expression", () => {
    assert.throws(() => compileTemplate("${event.n", now), /without its }/);
    assert.throws(() => compileTemplate("${'}", now), /without its }/);
  });
});

describe("an event", () => {
  it("is left as it is if it is small, and cut until it fits", () => {
    assert.deepEqual(cutEvent(variables.event), variables.event);
    const many = {
      list: Array.from({ length: 5_000 }, (_, index) => ({ index, text: "x".repeat(200) })),
      title: "y".repeat(1_000_000),
    };
    const cut = cutEvent(many) as typeof many;
    assert.ok(JSON.stringify(cut).length <= 256 * 1024);
    assert.match(cut.title, /^y+ \[cut\]$/);
    assert.equal(cut.list[0]?.index, 0);
    assert.ok(JSON.stringify(cutEvent(JSON.parse(`${"[".repeat(9_000)}${"]".repeat(9_000)}`))).length < 200);
    const wide = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`key${index}`, index]));
    assert.ok(JSON.stringify(cutEvent(wide)).length <= 256 * 1024);
  });
});
