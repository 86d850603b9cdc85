// Which screen an address is.
import { place } from "./lib/router";
import { mustChoosePassword, session } from "./lib/session";
import { business, here, loadMe, me, meError } from "./lib/state";
import { Empty, Failed, Loading } from "./parts/states";
import { Screen } from "./parts/screen";
import { Shell } from "./parts/shell";
import { CallScreen } from "./screens/call";
import { Calls } from "./screens/calls";
import { Digests } from "./screens/digests";
import { SettingsScreen } from "./screens/settings";
import { SignIn } from "./screens/sign_in";
import { Today } from "./screens/today";

function NotFound() {
  return (
    <Screen title="Not found">
      <Empty icon="search" title="There is no such page">
        <p>
          <a href={here("/")}>Go to today's calls</a>
        </p>
      </Empty>
    </Screen>
  );
}

function NoBusiness() {
  const asked = place.value.query.get("business");
  return (
    <Screen title={asked ? "Not found" : "Welcome"}>
      <Empty
        icon="person"
        title={asked ? "There is nothing here, or it is not yours to see" : "Your account belongs to no business yet"}
      >
        {asked ? (
          <p>
            <a href="/">Go to your own calls</a>
          </p>
        ) : (
          <p>Whoever set up your number can add you. Then your calls appear here by themselves.</p>
        )}
      </Empty>
    </Screen>
  );
}

function Room() {
  const [, room, part, more] = place.value.path.split("/");
  if (more !== undefined) return <NotFound />;
  if (!room || room === "sign-in") return <Today />;
  if (room === "calls") return part ? <CallScreen key={part} id={part} /> : <Calls />;
  if (room === "digests") return <Digests date={part ?? null} />;
  if (room === "settings" && !part) return <SettingsScreen />;
  return <NotFound />;
}

export function App() {
  if (session.value === undefined)
    return (
      <div class="start">
        <Loading what="Starting" />
      </div>
    );
  if (session.value === null || mustChoosePassword.value) return <SignIn />;
  if (!me.value) {
    return (
      <Shell>
        <Screen title="Ringback">
          {meError.value ? <Failed error={meError.value} again={() => void loadMe()} /> : <Loading />}
        </Screen>
      </Shell>
    );
  }
  return <Shell>{business.value ? <Room key={business.value.id} /> : <NoBusiness />}</Shell>;
}
