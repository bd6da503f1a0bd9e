import { matches, matchesRule, type Rule } from "../schema/rule.ts";

const MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const WEEKDAY = "sun|mon|tue|wed|thu|fri|sat";

/** A list of values, ranges and steps, as CronJobs take them. */
function field(value: string): string {
  const item = `([*?]|(${value})(-(${value}))?)(/[1-9][0-9]?)?`;
  return `${item}(,${item})*`;
}

const FIELDS = [
  field("[0-5]?[0-9]"),
  field("[01]?[0-9]|2[0-3]"),
  field("0?[1-9]|[12][0-9]|3[01]"),
  field(`0?[1-9]|1[0-2]|(?i:${MONTH})`),
  field(`0?[0-6]|(?i:${WEEKDAY})`),
];

export const cronExpression: Rule = matchesRule(
  `^(${FIELDS.join(" +")}|@(yearly|annually|monthly|weekly|daily|midnight|hourly))$`,
  "must be a cron expression with five fields (minute, hour, day of month, month, day of week), such as 0 3 * * mon-fri, or @hourly, @daily, @weekly, @monthly or @yearly",
);

/** The names of the tz database; whether a zone exists is for the operator to say. */
export const timeZoneName: Rule = {
  rule: `${matches("self", "^[A-Za-z][A-Za-z0-9+_-]*(/[A-Za-z0-9+_-]+)*$")} && self != 'Local'`,
  message: "must be the name of a time zone, such as Europe/Berlin or UTC",
};
