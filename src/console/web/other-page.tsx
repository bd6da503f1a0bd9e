import { hashOf, type Place } from "./address.ts";
import type { Session } from "./api.ts";
import { ConfigPage } from "./config-page.tsx";
import { NewRunPage } from "./new-run-page.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { ProvidersPage } from "./providers-page.tsx";
import { RunPage } from "./run-page.tsx";
import { SchedulesPage, TriggersPage } from "./schedules-page.tsx";
import { WorkspacesPage } from "./workspaces-page.tsx";

const VIEW_PAGES = {
  overview: OverviewPage,
  workspaces: WorkspacesPage,
  providers: ProvidersPage,
  schedules: SchedulesPage,
  triggers: TriggersPage,
  config: ConfigPage,
} as const;

/** Every page but the table of runs, whose code does not wait for this. */
export function OtherPage({
  place,
  session,
  back,
}: {
  place: Exclude<Place, { page: "runs" }>;
  session: Session;
  back: string;
}) {
  if (place.page === "run")
    return <RunPage key={`${place.namespace}/${place.name}`} at={place} back={back} />;
  if (place.page === "new") return <NewRunPage key={hashOf(place)} place={place} session={session} />;
  const View = VIEW_PAGES[place.page];
  return <View key={place.page} place={place} session={session} />;
}
