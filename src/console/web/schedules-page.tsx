import { agentSchedules, agentTriggers } from "../../api/resources.ts";
import type { AgentTrigger } from "../../api/agent-trigger.ts";
import { inOrder, nameIn, Ready, RunLink, When } from "./kind-parts.tsx";
import { Hostile, Section } from "./text.tsx";
import { useNow, useObjects } from "./use-runs.ts";
import { Empty, namespaceIn, ViewPage, type ViewProps } from "./view.tsx";

/** Each schedule: when it starts runs, and which of them are at work. */
export function SchedulesPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const schedules = useObjects(agentSchedules, namespace);
  const now = useNow(1000);
  return (
    <ViewPage place={place} session={session} lives={[schedules]}>
      {schedules.value.size === 0 ? (
        <Empty>
          <p>There is no schedule: it starts a run at each time of a cron expression.</p>
          <pre>
            <code>kubectl apply -f config/samples/schedule.yaml</code>
          </pre>
        </Empty>
      ) : (
        <Section title="All of them">
          <div class="scroll" tabIndex={0} role="group" aria-label="Schedules">
            <table class="figures">
              <caption class="unseen">Schedules</caption>
              <thead>
                <tr>
                  {["Schedule", "When", "Ready", "Next", "Last", "Last success", "At work"].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {inOrder(schedules.value).map(({ metadata, spec, status }) => (
                  <tr key={metadata.uid}>
                    <th scope="row">{nameIn({ metadata }, namespace)}</th>
                    <td>
                      <code>
                        <Hostile text={spec.schedule} />
                      </code>
                      <div class="muted">
                        <Hostile text={spec.timeZone ?? "UTC"} />
                      </div>
                    </td>
                    <td>
                      {spec.suspend ? (
                        <span class="muted">suspended</span>
                      ) : (
                        <Ready conditions={status?.conditions} />
                      )}
                    </td>
                    <td>
                      {spec.suspend ? (
                        <span class="muted">never</span>
                      ) : (
                        <When at={status?.nextScheduleTime} now={now} />
                      )}
                    </td>
                    <td>
                      <When at={status?.lastScheduleTime} now={now} />
                    </td>
                    <td>
                      <When at={status?.lastSuccessfulTime} now={now} />
                    </td>
                    <td>
                      {(status?.active ?? []).map(({ name }) => (
                        <div key={name}>
                          <RunLink namespace={metadata.namespace} name={name} />
                        </div>
                      ))}
                      {(status?.active ?? []).length === 0 && <span class="muted">none</span>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </ViewPage>
  );
}

/** Each trigger with the last deliveries and what became of them. */
export function TriggersPage({ place, session }: ViewProps) {
  const namespace = namespaceIn(place, session);
  const triggers = useObjects(agentTriggers, namespace);
  const now = useNow(1000);
  return (
    <ViewPage place={place} session={session} lives={[triggers]}>
      {triggers.value.size === 0 && (
        <Empty>
          <p>There is no trigger: it starts a run for an issue, a comment, a check or a signed request.</p>
          <pre>
            <code>kubectl apply -f config/samples/triggers.yaml</code>
          </pre>
        </Empty>
      )}
      {inOrder(triggers.value).map((trigger) => (
        <Trigger key={trigger.metadata.uid} trigger={trigger} title={nameIn(trigger, namespace)} now={now} />
      ))}
    </ViewPage>
  );
}

function Trigger({
  trigger: { metadata, spec, status },
  title,
  now,
}: {
  trigger: AgentTrigger;
  title: string;
  now: number;
}) {
  const deliveries = status?.deliveries ?? [];
  return (
    <Section title={title} aside={<Ready conditions={status?.conditions} />}>
      <dl class="facts inline">
        <div>
          <dt>source</dt>
          <dd>{spec.webhook?.source ?? spec.poll?.source}</dd>
        </div>
        <div>
          <dt>path</dt>
          <dd>
            <code>
              <Hostile text={status?.path} />
            </code>
          </dd>
        </div>
        {spec.when !== undefined && (
          <div>
            <dt>when</dt>
            <dd>
              <code>
                <Hostile text={spec.when} lines />
              </code>
            </dd>
          </div>
        )}
      </dl>
      {deliveries.length === 0 ? (
        <p class="muted">No delivery has come yet for which this trigger is meant.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label={`Deliveries of ${title}`}>
          <table class="figures">
            <caption class="unseen">Last deliveries of {title}</caption>
            <thead>
              <tr>
                {["When", "Became", "Run", "Why", "Delivery"].map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {deliveries.map(({ time, id, reason, message, run }, index) => (
                <tr key={index}>
                  <th scope="row">
                    <When at={time} now={now} />
                  </th>
                  <td>
                    <Hostile text={reason} />
                  </td>
                  <td>
                    {run === undefined ? (
                      <span class="muted">none</span>
                    ) : (
                      <RunLink namespace={metadata.namespace} name={run} />
                    )}
                  </td>
                  <td class="wide">
                    <Hostile text={message} />
                  </td>
                  <td>
                    <code>
                      <Hostile text={id} />
                    </code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}
