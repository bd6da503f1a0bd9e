import { matches, type Rule } from "../schema/rule.ts";

export const emptyDirPath: Rule = {
  rule: `${matches("self", "^(/[^/:\\p{Cc}\\p{Cf}]+)+$")} && !${matches("self", "/[.][.]?(/|$)")}`,
  message:
    "must be an absolute path such as /var/lib/postgresql, without '.', '..', ':', double or closing slashes",
};

/** On the list: all of them are in one network. */
export const servicePortsApart: Rule = {
  rule: "self.all(a, !has(a.ports) || self.all(b, a.name == b.name || !has(b.ports) || a.ports.all(port, !(port in b.ports))))",
  message: "no two services may have the same port: all of them listen in the pod's one network",
};
