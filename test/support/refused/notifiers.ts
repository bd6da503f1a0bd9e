import { manifest, type Fields, type RefusedManifest } from "./manifest.ts";

const sink = { format: "CloudEvents", url: "https://events.example.com/runs" };
const notifier = (fields: Fields, name?: string) => manifest("AgentNotifier", { sink, ...fields }, name);
const ofSink = (fields: Fields) => notifier({ sink: { ...sink, ...fields } });

const URL_RULE = "must be an https:// or http:// URL without a user, such as https://events.example.com/runs";

const wrongUrls = [
  "ftp://example.com",
  "https://",
  "https://user:pass@example.com/",
  "https://example.com\\@evil.example",
  "https://example.com/a b",
  "https://example.com/#part",
  "https://-example.com",
  "file:///etc/passwd",
];

export const notifiers: RefusedManifest[] = [
  ...wrongUrls.map((url) => ({
    what: `the sink ${url}`,
    manifest: ofSink({ url }),
    says: `spec.sink.url: Invalid value: ${JSON.stringify(url)}: ${URL_RULE}`,
  })),
  {
    what: "CloudEvents that go nowhere",
    manifest: notifier({ sink: { format: "CloudEvents" } }),
    says: "spec.sink.url: Required value: nothing says where the events go: set url",
  },
  {
    what: "Slack without an address",
    manifest: notifier({ sink: { format: "Slack" } }),
    says: "spec.sink: Invalid value: for Slack set one of url and secretRef: who knows such a URL may write there, so that it is best kept in the Secret that secretRef names",
  },
  {
    what: "Slack with two addresses",
    manifest: ofSink({ format: "Slack", secretRef: { name: "slack", key: "url" } }),
    says: "spec.sink: Invalid value: for Slack set one of url and secretRef: who knows such a URL may write there, so that it is best kept in the Secret that secretRef names",
  },
  {
    what: "a format that there is not",
    manifest: ofSink({ format: "Email" }),
    says: 'spec.sink.format: Unsupported value: "Email": supported values: "CloudEvents", "Slack"',
  },
  {
    what: "a notifier of no events",
    manifest: notifier({ events: [] }),
    says: "spec.events: Invalid value: 0: spec.events in body should have at least 1 items",
  },
  {
    what: "a selector without values",
    manifest: notifier({ runSelector: { matchExpressions: [{ key: "team", operator: "In" }] } }),
    says: "spec.runSelector.matchExpressions[0]: Invalid value: In and NotIn need values; Exists and DoesNotExist have none",
  },
  {
    what: "a selector with values that it does not look at",
    manifest: notifier({
      runSelector: { matchExpressions: [{ key: "team", operator: "Exists", values: ["a"] }] },
    }),
    says: "spec.runSelector.matchExpressions[0]: Invalid value: In and NotIn need values; Exists and DoesNotExist have none",
  },
  {
    what: "a selector by what is no label",
    manifest: notifier({ runSelector: { matchLabels: { "a b": "c" } } }),
    says: "spec.runSelector.matchLabels: Invalid value: every key must be a label's name, such as disktype or kubernetes.io/arch",
  },
];
